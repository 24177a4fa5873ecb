#include "support/engine_device.h"

#include <algorithm>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string_view>

namespace sedx::test
{
namespace
{
VKAPI_ATTR VkBool32 VKAPI_CALL Receive(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT,
                                       const VkDebugUtilsMessengerCallbackDataEXT* data, void* user)
{
    // What a layer says about itself and its settings is no finding.
    const std::string_view id = data->pMessageIdName ? data->pMessageIdName : "";
    if (id == "VALIDATION-SETTINGS" || id == "WARNING-GPU-Assisted-Validation" || id == "WARNING-Setting")
        return VK_FALSE;
    static_cast<ValidationLog*>(user)->Add({severity == VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                                            data->pMessageIdName ? data->pMessageIdName : "",
                                            data->pMessage ? data->pMessage : ""});
    return VK_FALSE;
}

// The device that SEDX_TEST_DEVICE names (index or part of the name); else a GPU before a CPU.
VkPhysicalDevice Choose(const std::vector<VkPhysicalDevice>& devices, PFN_vkGetPhysicalDeviceProperties getProperties)
{
    const char* wish = std::getenv("SEDX_TEST_DEVICE");
    VkPhysicalDevice best = VK_NULL_HANDLE;
    for (size_t i = 0; i < devices.size(); ++i)
    {
        VkPhysicalDeviceProperties properties{};
        getProperties(devices[i], &properties);
        if (wish)
        {
            if (std::to_string(i) == wish || std::string_view(properties.deviceName).find(wish) != std::string::npos)
                return devices[i];
        }
        else if (!best || properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU)
            best = devices[i];
    }
    return best;
}
} // namespace

bool IsValidationWanted()
{
    const char* text = std::getenv("SEDX_TEST_VALIDATION");
    return !text || std::string_view(text) != "0";
}

std::unique_ptr<EngineDevice> EngineDevice::Make(const Options& options)
{
    std::unique_ptr<EngineDevice> made(new EngineDevice());
    if (!made->Create(options))
        return nullptr;
    return made;
}

bool EngineDevice::Create(const Options& options)
{
    simulator = Simulate(options.layout);
    getInstanceProcAddr = simulator ? simulator->GetInstanceProcAddr() : LoaderEntry();
    if (!getInstanceProcAddr)
    {
        ADD_FAILURE() << "this machine has no Vulkan loader";
        return false;
    }

    const char* layer = "VK_LAYER_KHRONOS_validation";
    const char* debugUtils = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    const VkValidationFeatureEnableEXT enable = VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    const VkValidationFeaturesEXT validationFeatures{.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                                     .enabledValidationFeatureCount = 1,
                                                     .pEnabledValidationFeatures = &enable};
    const VkApplicationInfo application{
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "engine", .apiVersion = options.apiVersion};
    VkInstanceCreateInfo instanceInfo{.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                      .pApplicationInfo = &application,
                                      .enabledExtensionCount = 1,
                                      .ppEnabledExtensionNames = &debugUtils};
    if (IsValidationWanted())
    {
        instanceInfo.pNext = &validationFeatures;
        instanceInfo.enabledLayerCount = 1;
        instanceInfo.ppEnabledLayerNames = &layer;
    }
    const auto createInstance =
        reinterpret_cast<PFN_vkCreateInstance>(getInstanceProcAddr(VK_NULL_HANDLE, "vkCreateInstance"));
    const VkResult created = createInstance(&instanceInfo, nullptr, &instance);
    if (created != VK_SUCCESS)
    {
        ADD_FAILURE() << "vkCreateInstance: " << created;
        return false;
    }
    const auto load = [this]<class Function>(Function& function, const char* functionName) {
        function = reinterpret_cast<Function>(getInstanceProcAddr(instance, functionName));
    };

    PFN_vkCreateDebugUtilsMessengerEXT createMessenger = nullptr;
    load(createMessenger, "vkCreateDebugUtilsMessengerEXT");
    const VkDebugUtilsMessengerCreateInfoEXT messengerInfo{
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
        .pfnUserCallback = &Receive,
        .pUserData = &validation};
    EXPECT_EQ(createMessenger(instance, &messengerInfo, nullptr, &m_messenger), VK_SUCCESS);

    PFN_vkEnumeratePhysicalDevices enumerate = nullptr;
    PFN_vkGetPhysicalDeviceProperties getProperties = nullptr;
    PFN_vkGetPhysicalDeviceQueueFamilyProperties getFamilies = nullptr;
    PFN_vkCreateDevice createDevice = nullptr;
    PFN_vkGetDeviceProcAddr getDeviceProcAddr = nullptr;
    load(enumerate, "vkEnumeratePhysicalDevices");
    load(getProperties, "vkGetPhysicalDeviceProperties");
    load(getFamilies, "vkGetPhysicalDeviceQueueFamilyProperties");
    load(createDevice, "vkCreateDevice");
    load(getDeviceProcAddr, "vkGetDeviceProcAddr");

    uint32_t count = 0;
    enumerate(instance, &count, nullptr);
    std::vector<VkPhysicalDevice> devices(count);
    enumerate(instance, &count, devices.data());
    physicalDevice = Choose(devices, getProperties);
    if (!physicalDevice)
    {
        ADD_FAILURE() << "no Vulkan driver offers a device; is VK_DRIVER_FILES right?";
        return false;
    }
    VkPhysicalDeviceProperties properties{};
    getProperties(physicalDevice, &properties);
    name = properties.deviceName;
    apiVersion = std::min(options.apiVersion, properties.apiVersion);

    uint32_t familyCount = 0;
    getFamilies(physicalDevice, &familyCount, nullptr);
    std::vector<VkQueueFamilyProperties> families(familyCount);
    getFamilies(physicalDevice, &familyCount, families.data());
    while (family < familyCount && (families[family].queueFlags & VK_QUEUE_GRAPHICS_BIT) == 0)
        ++family;
    if (family == familyCount)
        family = 0;

    features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    features13 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, .synchronization2 = VK_TRUE};
    features12 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                  .pNext = &features13,
                  .timelineSemaphore = VK_TRUE,
                  .bufferDeviceAddress = VK_TRUE};
#if defined(VK_VERSION_1_4)
    features14 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_4_FEATURES, .indexTypeUint8 = VK_TRUE};
    if (apiVersion >= VK_API_VERSION_1_4)
        features13.pNext = &features14;
#endif
    for (VkBool32* feature :
         {&features12.shaderStorageBufferArrayNonUniformIndexing,
          &features12.descriptorBindingStorageBufferUpdateAfterBind,
          &features12.descriptorBindingUpdateUnusedWhilePending, &features12.descriptorBindingPartiallyBound,
          &features12.descriptorBindingVariableDescriptorCount, &features12.runtimeDescriptorArray})
        *feature = options.descriptorIndexing ? VK_TRUE : VK_FALSE;
    sync2 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SYNCHRONIZATION_2_FEATURES, .synchronization2 = VK_TRUE};
    address = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_BUFFER_DEVICE_ADDRESS_FEATURES,
               .pNext = &sync2,
               .bufferDeviceAddress = VK_TRUE};
    timeline = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
                .pNext = &address,
                .timelineSemaphore = VK_TRUE};
    if (options.features == FeatureStyle::Collective)
        features.pNext = &features12;
    else
        features.pNext = &timeline;
    extensions = options.extensions;

    const float priority = 1.0f;
    const VkDeviceQueueCreateInfo queueInfo{.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                            .queueFamilyIndex = family,
                                            .queueCount = 1,
                                            .pQueuePriorities = &priority};
    const VkDeviceCreateInfo deviceInfo{.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                        .pNext = &features,
                                        .queueCreateInfoCount = 1,
                                        .pQueueCreateInfos = &queueInfo,
                                        .enabledExtensionCount = static_cast<uint32_t>(extensions.size()),
                                        .ppEnabledExtensionNames = extensions.data()};
    const VkResult made = createDevice(physicalDevice, &deviceInfo, nullptr, &device);
    if (made != VK_SUCCESS)
    {
        ADD_FAILURE() << "vkCreateDevice: " << made;
        return false;
    }
    functions = RawFunctions::Load(getDeviceProcAddr, device);
    functions.GetDeviceQueue(device, family, 0, &queue);
    return true;
}

EngineDevice::~EngineDevice()
{
    if (device)
    {
        functions.DeviceWaitIdle(device);
        functions.DestroyDevice(device, nullptr);
    }
    if (!instance)
        return;
    const auto destroyMessenger = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
        getInstanceProcAddr(instance, "vkDestroyDebugUtilsMessengerEXT"));
    const auto destroyInstance =
        reinterpret_cast<PFN_vkDestroyInstance>(getInstanceProcAddr(instance, "vkDestroyInstance"));
    destroyMessenger(instance, m_messenger, nullptr);
    destroyInstance(instance, nullptr);
    for (const std::string& message : validation.Take())
        ADD_FAILURE() << "validation: " << message;
    if (simulator)
    {
        for (const std::string& violation : simulator->Violations())
            ADD_FAILURE() << "violation: " << violation;
    }
}

AdoptDesc EngineDevice::Describe() const
{
    AdoptDesc desc;
    desc.getInstanceProcAddr = getInstanceProcAddr;
    desc.instance = instance;
    desc.instanceApiVersion = apiVersion;
    desc.physicalDevice = physicalDevice;
    desc.device = device;
    desc.queues = {{.queue = queue, .family = family}};
    desc.enabledExtensions = extensions;
    desc.enabledFeatures = &features;
    desc.debugUtils = true;
    return desc;
}
} // namespace sedx::test
