// The names that the code of the documents in CMakeLists.txt takes for granted.
#pragma once

#include <volk.h>

#include <sedx/sedx.h>
#include <sedx_simulator/device_simulator.h>

#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

struct Vertex
{
    float position[3];
};

struct Constants
{
    float time;
};

// Every block of code is a member function of a class derived from this one.
struct Context
{
    sedx::Device device;
    sedx::BufferSystem& system;
    sedx::Frame frame;
    sedx::Buffer buffer;
    sedx::Buffer source;
    sedx::Buffer destination;
    sedx::Buffer instanceBuffer;
    sedx::Buffer particles;
    std::vector<Vertex> vertices;
    std::vector<uint32_t> indices;
    std::span<const std::byte> bytes;
    Constants constants;
    bool tryAgainNextFrame;
    uint64_t number;
    std::unique_ptr<sedx::simulator::DeviceSimulator> simulator;

    VkInstance instance;
    VkPhysicalDevice physicalDevice;
    VkDevice vkDevice;
    VkQueue queue;
    VkImage image;
    VkCommandBuffer commands;
    VkCommandBuffer cmd;
    VkPipelineLayout pipelineLayout;
    VkPhysicalDeviceFeatures2 features2;
    std::vector<const char*> extensions;
    std::mutex queueMutex;

    void Submit(VkCommandBuffer, std::span<const VkSemaphoreSubmitInfo>, std::span<const VkSemaphoreSubmitInfo>);
    void Use(std::span<const uint32_t>);
    void Report(const std::string&);
};
