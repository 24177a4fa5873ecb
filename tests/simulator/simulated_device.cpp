#include "simulator/simulated_device.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace sedx::test
{
namespace
{
// Findings about what a test recorded: not what the layer says about its settings, and no advice for good programs, which
// these tests are not (they call the old entry points, too).
bool IsFinding(const VkDebugUtilsMessengerCallbackDataEXT& data)
{
    const std::string_view id = data.pMessageIdName != nullptr ? data.pMessageIdName : "";
    return id != "VALIDATION-SETTINGS" && id != "WARNING-GPU-Assisted-Validation" && id != "WARNING-Setting" &&
           !id.starts_with("BestPractices-");
}

VKAPI_ATTR VkBool32 VKAPI_CALL Receive(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT,
                                       const VkDebugUtilsMessengerCallbackDataEXT* data, void* user)
{
    if (IsFinding(*data))
        static_cast<ValidationLog*>(user)->Add({severity == VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                                data->pMessageIdName ? data->pMessageIdName : "",
                                                data->pMessage ? data->pMessage : ""});
    return VK_FALSE;
}
} // namespace

bool SimulatedDevice::Create(simulator::DeviceLayout layout, const simulator::SimulatorOptions& options, Queues queues)
{
    auto made = simulator::DeviceSimulator::Create(std::move(layout), options);
    if (!made)
    {
        ADD_FAILURE() << made.error().message;
        return false;
    }
    simulator = std::move(*made);
    return CreateInstance() && CreateDevice(queues);
}

bool SimulatedDevice::CreateInstance()
{
    const PFN_vkGetInstanceProcAddr get = simulator->GetInstanceProcAddr();
    const auto create = reinterpret_cast<PFN_vkCreateInstance>(get(VK_NULL_HANDLE, "vkCreateInstance"));
    const char* layer = "VK_LAYER_KHRONOS_validation";
    const char* extension = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    const VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .apiVersion = VK_API_VERSION_1_3};
    VkInstanceCreateInfo info{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                              .pApplicationInfo = &application,
                              .enabledExtensionCount = 1,
                              .ppEnabledExtensionNames = &extension};
    if (IsValidationWanted())
    {
        info.enabledLayerCount = 1;
        info.ppEnabledLayerNames = &layer;
    }
    if (create(&info, nullptr, &instance) != VK_SUCCESS)
    {
        ADD_FAILURE() << "no instance";
        return false;
    }
#define SEDX_TEST_LOAD(name) vk.name = reinterpret_cast<PFN_vk##name>(get(instance, "vk" #name));
    SEDX_TEST_SIMULATED_INSTANCE_FUNCTIONS(SEDX_TEST_LOAD)
#undef SEDX_TEST_LOAD
    const VkDebugUtilsMessengerCreateInfoEXT messenger{.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                                                       .messageSeverity =
                                                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                                                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                                       .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
                                                       .pfnUserCallback = &Receive,
                                                       .pUserData = &validation};
    EXPECT_EQ(vk.CreateDebugUtilsMessengerEXT(instance, &messenger, nullptr, &m_messenger), VK_SUCCESS);

    uint32_t count = 0;
    vk.EnumeratePhysicalDevices(instance, &count, nullptr);
    std::vector<VkPhysicalDevice> devices(count);
    vk.EnumeratePhysicalDevices(instance, &count, devices.data());
    if (devices.empty())
    {
        ADD_FAILURE() << "no Vulkan driver offers a device";
        return false;
    }
    const char* wish = std::getenv("SEDX_TEST_DEVICE");
    const size_t index = wish != nullptr ? static_cast<size_t>(std::strtoul(wish, nullptr, 10)) : 0;
    physicalDevice = devices[index < devices.size() ? index : 0];
    return true;
}

bool SimulatedDevice::CreateDevice(Queues wanted)
{
    uint32_t count = 0;
    vk.GetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, nullptr);
    families.resize(count);
    vk.GetPhysicalDeviceQueueFamilyProperties(physicalDevice, &count, families.data());
    if (wanted == Queues::OfRealFamilies)
    {
        const simulator::LayoutQueues& added = simulator->Layout().queues;
        count -= (added.compute != 0 ? 1u : 0u) + (added.transfer != 0 ? 1u : 0u);
    }
    const std::vector<float> priorities(16, 1.0f);
    std::vector<VkDeviceQueueCreateInfo> queues;
    for (uint32_t i = 0; i < count; ++i)
        queues.push_back({.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                          .queueFamilyIndex = i,
                          .queueCount = std::min(families[i].queueCount, 16u),
                          .pQueuePriorities = priorities.data()});
    VkPhysicalDeviceVulkan13Features features13{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES,
                                                .synchronization2 = VK_TRUE,
                                                .maintenance4 = VK_TRUE};
    const VkPhysicalDeviceVulkan12Features features12{.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                                                      .pNext = &features13,
                                                      .timelineSemaphore = VK_TRUE};
    const char* extensions[] = {VK_KHR_SYNCHRONIZATION_2_EXTENSION_NAME};
    const VkDeviceCreateInfo info{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                  .pNext = &features12,
                                  .queueCreateInfoCount = count,
                                  .pQueueCreateInfos = queues.data(),
                                  .enabledExtensionCount = 1,
                                  .ppEnabledExtensionNames = extensions};
    const VkResult result = vk.CreateDevice(physicalDevice, &info, nullptr, &device);
    if (result != VK_SUCCESS)
    {
        ADD_FAILURE() << "no device: " << result;
        return false;
    }
    const PFN_vkGetInstanceProcAddr get = simulator->GetInstanceProcAddr();
    const auto getDevice = reinterpret_cast<PFN_vkGetDeviceProcAddr>(get(instance, "vkGetDeviceProcAddr"));
#define SEDX_TEST_LOAD(name) vk.name = reinterpret_cast<PFN_vk##name>(getDevice(device, "vk" #name));
    SEDX_TEST_SIMULATED_DEVICE_FUNCTIONS(SEDX_TEST_LOAD)
#undef SEDX_TEST_LOAD
    return true;
}

void SimulatedDevice::DestroyDevice()
{
    if (device == VK_NULL_HANDLE)
        return;
    vk.DeviceWaitIdle(device);
    for (const VkCommandPool pool : m_pools)
        vk.DestroyCommandPool(device, pool, nullptr);
    for (const VkSemaphore semaphore : m_semaphores)
        vk.DestroySemaphore(device, semaphore, nullptr);
    DestroyBuffers();
    vk.DestroyDevice(std::exchange(device, VK_NULL_HANDLE), nullptr);
}

SimulatedDevice::~SimulatedDevice()
{
    DestroyDevice();
    if (instance != VK_NULL_HANDLE)
    {
        vk.DestroyDebugUtilsMessengerEXT(instance, m_messenger, nullptr);
        vk.DestroyInstance(instance, nullptr);
    }
    for (const std::string& message : validation.Take())
        ADD_FAILURE() << "validation: " << message;
    if (simulator)
    {
        EXPECT_EQ(simulator->AllocationCount(), 0u);
        for (const std::string& violation : simulator->Violations())
            ADD_FAILURE() << "violation: " << violation;
    }
}

VkResult SimulatedDevice::Allocate(uint32_t type, uint64_t bytes, VkDeviceMemory& memory)
{
    const VkMemoryAllocateInfo info{
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = bytes, .memoryTypeIndex = type};
    return vk.AllocateMemory(device, &info, nullptr, &memory);
}

SimulatedDevice::Memory SimulatedDevice::MakeBuffer(uint32_t type, uint64_t bytes, VkSharingMode sharing)
{
    std::vector<uint32_t> all(families.size());
    for (uint32_t i = 0; i < all.size(); ++i)
        all[i] = i;
    VkBufferCreateInfo info{.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                            .size = bytes,
                            .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                            .sharingMode = sharing};
    if (sharing == VK_SHARING_MODE_CONCURRENT)
    {
        info.queueFamilyIndexCount = static_cast<uint32_t>(all.size());
        info.pQueueFamilyIndices = all.data();
    }
    Memory made;
    EXPECT_EQ(vk.CreateBuffer(device, &info, nullptr, &made.buffer), VK_SUCCESS);
    VkMemoryRequirements needs{};
    vk.GetBufferMemoryRequirements(device, made.buffer, &needs);
    EXPECT_NE(needs.memoryTypeBits & (1u << type), 0u);
    EXPECT_EQ(Allocate(type, needs.size, made.handle), VK_SUCCESS);
    EXPECT_EQ(vk.BindBufferMemory(device, made.buffer, made.handle, 0), VK_SUCCESS);
    made.bytes = needs.size;
    m_memory.push_back(made);
    return made;
}

void SimulatedDevice::DestroyBuffers()
{
    for (const Memory& memory : m_memory)
    {
        vk.DestroyBuffer(device, memory.buffer, nullptr);
        vk.FreeMemory(device, memory.handle, nullptr);
    }
    m_memory.clear();
}

std::byte* SimulatedDevice::Map(const Memory& memory)
{
    void* data = nullptr;
    EXPECT_EQ(vk.MapMemory(device, memory.handle, 0, VK_WHOLE_SIZE, 0, &data), VK_SUCCESS);
    return static_cast<std::byte*>(data);
}

VkSemaphore SimulatedDevice::MakeTimeline()
{
    const VkSemaphoreTypeCreateInfo type{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
                                         .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    const VkSemaphoreCreateInfo info{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkSemaphore semaphore = VK_NULL_HANDLE;
    EXPECT_EQ(vk.CreateSemaphore(device, &info, nullptr, &semaphore), VK_SUCCESS);
    m_semaphores.push_back(semaphore);
    return semaphore;
}

VkCommandBuffer SimulatedDevice::Begin(uint32_t family) { return Begin(family, VK_COMMAND_BUFFER_LEVEL_PRIMARY); }

VkCommandBuffer SimulatedDevice::BeginSecondary(uint32_t family)
{
    return Begin(family, VK_COMMAND_BUFFER_LEVEL_SECONDARY);
}

VkCommandBuffer SimulatedDevice::Begin(uint32_t family, VkCommandBufferLevel level)
{
    const VkCommandPoolCreateInfo poolInfo{.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                           .queueFamilyIndex = family};
    VkCommandPool pool = VK_NULL_HANDLE;
    EXPECT_EQ(vk.CreateCommandPool(device, &poolInfo, nullptr, &pool), VK_SUCCESS);
    m_pools.push_back(pool);
    const VkCommandBufferAllocateInfo info{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                           .commandPool = pool,
                                           .level = level,
                                           .commandBufferCount = 1};
    VkCommandBuffer cmd = VK_NULL_HANDLE;
    EXPECT_EQ(vk.AllocateCommandBuffers(device, &info, &cmd), VK_SUCCESS);
    const VkCommandBufferInheritanceInfo inheritance{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_INHERITANCE_INFO};
    const VkCommandBufferBeginInfo begin{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                         .pInheritanceInfo = &inheritance};
    EXPECT_EQ(vk.BeginCommandBuffer(cmd, &begin), VK_SUCCESS);
    return cmd;
}

VkResult SimulatedDevice::Submit(VkQueue queue, VkCommandBuffer cmd, VkSemaphore wait, uint64_t waitValue,
                                 VkSemaphore signal, uint64_t signalValue)
{
    if (cmd != VK_NULL_HANDLE)
    {
        EXPECT_EQ(vk.EndCommandBuffer(cmd), VK_SUCCESS);
    }
    const VkCommandBufferSubmitInfo commands{.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_SUBMIT_INFO,
                                             .commandBuffer = cmd};
    const VkSemaphoreSubmitInfo waitInfo{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                         .semaphore = wait,
                                         .value = waitValue,
                                         .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    const VkSemaphoreSubmitInfo signalInfo{.sType = VK_STRUCTURE_TYPE_SEMAPHORE_SUBMIT_INFO,
                                           .semaphore = signal,
                                           .value = signalValue,
                                           .stageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT};
    const VkSubmitInfo2 submit{.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO_2,
                               .waitSemaphoreInfoCount = wait != VK_NULL_HANDLE ? 1u : 0u,
                               .pWaitSemaphoreInfos = &waitInfo,
                               .commandBufferInfoCount = cmd != VK_NULL_HANDLE ? 1u : 0u,
                               .pCommandBufferInfos = &commands,
                               .signalSemaphoreInfoCount = signal != VK_NULL_HANDLE ? 1u : 0u,
                               .pSignalSemaphoreInfos = &signalInfo};
    return vk.QueueSubmit2(queue, 1, &submit, VK_NULL_HANDLE);
}

VkQueue SimulatedDevice::Queue(uint32_t family, uint32_t index)
{
    VkQueue queue = VK_NULL_HANDLE;
    vk.GetDeviceQueue(device, family, index, &queue);
    return queue;
}

uint32_t SimulatedDevice::Family(VkQueueFlags exactly) const
{
    constexpr VkQueueFlags kKinds = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;
    for (auto i = static_cast<uint32_t>(families.size()); i-- > 0;)
    {
        if ((families[i].queueFlags & kKinds) == exactly)
            return i;
    }
    ADD_FAILURE() << "no queue family with the flags " << exactly;
    return 0;
}

uint32_t SimulatedDevice::BaseFamily() const
{
    constexpr VkQueueFlags kAll = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT;
    const auto found = std::ranges::find_if(
        families, [](const VkQueueFamilyProperties& family) { return (family.queueFlags & kAll) == kAll; });
    return found == families.end() ? 0 : static_cast<uint32_t>(found - families.begin());
}

void SimulatedDevice::Barrier(VkCommandBuffer cmd)
{
    const VkMemoryBarrier2 barrier{.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER_2,
                                   .srcStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT,
                                   .srcAccessMask = VK_ACCESS_2_MEMORY_WRITE_BIT,
                                   .dstStageMask = VK_PIPELINE_STAGE_2_ALL_COMMANDS_BIT | VK_PIPELINE_STAGE_2_HOST_BIT,
                                   .dstAccessMask = VK_ACCESS_2_MEMORY_READ_BIT | VK_ACCESS_2_MEMORY_WRITE_BIT |
                                                    VK_ACCESS_2_HOST_READ_BIT};
    const VkDependencyInfo info{
        .sType = VK_STRUCTURE_TYPE_DEPENDENCY_INFO, .memoryBarrierCount = 1, .pMemoryBarriers = &barrier};
    vk.CmdPipelineBarrier2(cmd, &info);
}

simulator::DeviceLayout OwnLayout(const char* name)
{
    auto layout = simulator::DeviceLayout::Find(name);
    if (!layout)
    {
        ADD_FAILURE() << layout.error().message;
        return {};
    }
    return std::move(*layout);
}
} // namespace sedx::test
