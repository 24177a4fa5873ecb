// Device::Create: a headless device of the library's own.
#include "vulkan/device_state.h"
#include "vulkan/features.h"
#include "vulkan/kernels.h"
#include "vulkan/requirements.h"
#include "vulkan/validation.h"

#include <sedx/log.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

namespace sedx
{
namespace
{
template <class T, class Enumerate>
VkResult List(std::vector<T>& list, Enumerate enumerate)
{
    VkResult result = VK_INCOMPLETE;
    while (result == VK_INCOMPLETE) // the list may grow between the two calls
    {
        uint32_t count = 0;
        result = enumerate(&count, nullptr);
        if (result != VK_SUCCESS)
            return result;
        list.resize(count);
        result = count == 0 ? VK_SUCCESS : enumerate(&count, list.data());
        list.resize(count);
    }
    return result;
}

bool Contains(const std::vector<VkExtensionProperties>& list, const char* name)
{
    return std::any_of(list.begin(), list.end(),
                       [name](const auto& entry) { return std::strcmp(entry.extensionName, name) == 0; });
}

Result<void> CreateInstance(DeviceState& state, const DeviceDesc& desc)
{
    const auto load = [&](const char* name) { return state.getInstanceProcAddr(VK_NULL_HANDLE, name); };
    const auto createInstance = reinterpret_cast<PFN_vkCreateInstance>(load("vkCreateInstance"));
    const auto enumerateLayers =
        reinterpret_cast<PFN_vkEnumerateInstanceLayerProperties>(load("vkEnumerateInstanceLayerProperties"));
    const auto enumerateExtensions =
        reinterpret_cast<PFN_vkEnumerateInstanceExtensionProperties>(load("vkEnumerateInstanceExtensionProperties"));
    const auto enumerateVersion = reinterpret_cast<PFN_vkEnumerateInstanceVersion>(load("vkEnumerateInstanceVersion"));
    if (createInstance == nullptr || enumerateLayers == nullptr || enumerateExtensions == nullptr)
        return Fail(ErrorCode::NoLoader, "vkGetInstanceProcAddr does not know vkCreateInstance");
    uint32_t version = VK_API_VERSION_1_0;
    if (enumerateVersion != nullptr)
        enumerateVersion(&version);
    if (version < VK_API_VERSION_1_3)
        return Fail(ErrorCode::NoDevice, "the Vulkan loader offers {}.{}, 1.3 is needed", VK_API_VERSION_MAJOR(version),
                    VK_API_VERSION_MINOR(version));

    std::vector<VkExtensionProperties> available;
    VkResult result = List(available, [&](uint32_t* count, VkExtensionProperties* data) {
        return enumerateExtensions(nullptr, count, data);
    });
    if (result != VK_SUCCESS)
        return FailVk(result, "listing instance extensions");

    std::vector<const char*> layers;
    std::vector<const char*> extensions;
    if (desc.validation)
    {
        std::vector<VkLayerProperties> found;
        result = List(found, [&](uint32_t* count, VkLayerProperties* data) { return enumerateLayers(count, data); });
        if (result != VK_SUCCESS)
            return FailVk(result, "listing layers");
        const bool installed = std::any_of(found.begin(), found.end(), [](const VkLayerProperties& layer) {
            return std::strcmp(layer.layerName, kValidationLayer) == 0;
        });
        if (!installed)
            return Fail(ErrorCode::MissingFeature, "validation was asked for, but the layer {} is not installed",
                        kValidationLayer);
        layers.push_back(kValidationLayer);
        std::vector<VkExtensionProperties> ofLayer;
        result = List(ofLayer, [&](uint32_t* count, VkExtensionProperties* data) {
            return enumerateExtensions(kValidationLayer, count, data);
        });
        if (result != VK_SUCCESS)
            return FailVk(result, "listing the extensions of {}", kValidationLayer);
        if (Contains(ofLayer, VK_EXT_LAYER_SETTINGS_EXTENSION_NAME))
            extensions.push_back(VK_EXT_LAYER_SETTINGS_EXTENSION_NAME);
        available.insert(available.end(), ofLayer.begin(), ofLayer.end());
    }
    if (Contains(available, VK_EXT_DEBUG_UTILS_EXTENSION_NAME))
    {
        extensions.push_back(VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
        state.debugUtils = true;
    }
    // Layered drivers (MoltenVK) are listed only if asked for.
    VkInstanceCreateFlags flags = 0;
    if (Contains(available, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME))
    {
        extensions.push_back(VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME);
        flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    }

    const ValidationSetup validation(state);
    VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
    application.pApplicationName = desc.applicationName.c_str();
    application.pEngineName = "sedx";
    application.apiVersion = VK_API_VERSION_1_3;
    VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    info.pNext = desc.validation ? validation.Chain() : nullptr;
    info.flags = flags;
    info.pApplicationInfo = &application;
    info.enabledLayerCount = static_cast<uint32_t>(layers.size());
    info.ppEnabledLayerNames = layers.data();
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    result = createInstance(&info, nullptr, &state.instance);
    if (result != VK_SUCCESS)
    {
        state.instance = VK_NULL_HANDLE;
        return FailVk(result, "creating the Vulkan instance");
    }

    const char* missing = nullptr;
    const bool complete = LoadInstanceTable(state.vki, state.getInstanceProcAddr, state.instance, &missing);
    if (state.hook.wrapInstance != nullptr)
        state.hook.wrapInstance(state.vki, state.instance, state.hook.user);
    if (!complete)
        return Fail(ErrorCode::MissingFeature, "the Vulkan instance lacks {}", missing);
    if (desc.validation)
    {
        if (state.vki.CreateDebugUtilsMessengerEXT == nullptr)
            return Fail(ErrorCode::MissingFeature, "validation needs VK_EXT_debug_utils");
        result =
            state.vki.CreateDebugUtilsMessengerEXT(state.instance, &validation.Messenger(), nullptr, &state.messenger);
        if (result != VK_SUCCESS)
        {
            state.messenger = VK_NULL_HANDLE;
            return FailVk(result, "creating the validation messenger");
        }
    }
    return {};
}

std::string Lower(std::string_view text)
{
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

int Rank(VkPhysicalDeviceType type)
{
    switch (type)
    {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return 0;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return 1;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return 2;
    case VK_PHYSICAL_DEVICE_TYPE_OTHER: return 3;
    default: return 4; // software last
    }
}

Result<void> PickPhysicalDevice(DeviceState& state, const std::string& wish)
{
    std::vector<VkPhysicalDevice> devices;
    const VkResult result = List(devices, [&](uint32_t* count, VkPhysicalDevice* data) {
        return state.vki.EnumeratePhysicalDevices(state.instance, count, data);
    });
    if (result != VK_SUCCESS)
        return FailVk(result, "listing Vulkan devices");
    if (devices.empty())
        return Fail(ErrorCode::NoDevice, "no Vulkan device was found; is a driver installed, and does VK_DRIVER_FILES, "
                                         "if set, name it?");

    std::vector<VkPhysicalDeviceProperties> properties(devices.size());
    std::string names;
    for (size_t i = 0; i < devices.size(); ++i)
    {
        state.vki.GetPhysicalDeviceProperties(devices[i], &properties[i]);
        names += fmt::format("{}{} '{}'", i == 0 ? "" : ", ", i, properties[i].deviceName);
    }

    std::vector<size_t> candidates;
    size_t index = 0;
    const auto [end, error] = std::from_chars(wish.data(), wish.data() + wish.size(), index);
    const bool byIndex = !wish.empty() && error == std::errc{} && end == wish.data() + wish.size();
    for (size_t i = 0; i < devices.size(); ++i)
    {
        const bool named = Lower(properties[i].deviceName).find(Lower(wish)) != std::string::npos;
        if (byIndex ? i == index : named)
            candidates.push_back(i);
    }
    if (candidates.empty())
        return Fail(ErrorCode::NoDevice, "no device matches '{}'; there are: {}", wish, names);
    std::stable_sort(candidates.begin(), candidates.end(), [&](size_t a, size_t b) {
        return Rank(properties[a].deviceType) < Rank(properties[b].deviceType);
    });

    std::string reasons;
    for (const size_t i : candidates)
    {
        const auto needs = RequirementsOf(state.vki, devices[i]);
        if (!needs)
            return tl::unexpected(needs.error());
        if (needs->missing.empty())
        {
            state.physicalDevice = devices[i];
            return {};
        }
        for (const std::string& sentence : needs->missing)
            reasons += reasons.empty() ? sentence : "; " + sentence;
    }
    return Fail(ErrorCode::MissingFeature, "no device will do: {}", reasons);
}

// One queue that can do everything, then one of each further kind of family: compute and transfer beside graphics.
std::vector<uint32_t> PickFamilies(const DeviceState& state)
{
    uint32_t count = 0;
    state.vki.GetPhysicalDeviceQueueFamilyProperties(state.physicalDevice, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    state.vki.GetPhysicalDeviceQueueFamilyProperties(state.physicalDevice, &count, families.data());
    constexpr VkQueueFlags kWork = VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT | VK_QUEUE_TRANSFER_BIT;
    const auto find = [&](VkQueueFlags wanted, VkQueueFlags unwanted) {
        for (uint32_t i = 0; i < count; ++i)
            if (families[i].queueCount > 0 && (families[i].queueFlags & wanted) == wanted &&
                (families[i].queueFlags & unwanted) == 0)
                return i;
        return count;
    };
    uint32_t main = find(VK_QUEUE_GRAPHICS_BIT | VK_QUEUE_COMPUTE_BIT, 0);
    if (main == count)
        main = find(VK_QUEUE_COMPUTE_BIT, 0); // a compute-only device: transfers are implied
    std::vector<uint32_t> picked;
    if (main == count)
        return picked;
    picked.push_back(main);
    const uint32_t compute = find(VK_QUEUE_COMPUTE_BIT, VK_QUEUE_GRAPHICS_BIT);
    if (compute != count && compute != main)
        picked.push_back(compute);
    const uint32_t transfer = find(VK_QUEUE_TRANSFER_BIT, kWork & ~static_cast<VkQueueFlags>(VK_QUEUE_TRANSFER_BIT));
    // Video queues can transfer too, but are not made for it.
    constexpr VkQueueFlags kTransferOnly = VK_QUEUE_TRANSFER_BIT | VK_QUEUE_SPARSE_BINDING_BIT | VK_QUEUE_PROTECTED_BIT;
    if (transfer != count && (families[transfer].queueFlags & ~kTransferOnly) == 0)
        picked.push_back(transfer);
    return picked;
}

Result<void> CreateLogicalDevice(DeviceState& state, const DeviceDesc& desc)
{
    std::vector<VkExtensionProperties> available;
    VkResult result = List(available, [&](uint32_t* count, VkExtensionProperties* data) {
        return state.vki.EnumerateDeviceExtensionProperties(state.physicalDevice, nullptr, count, data);
    });
    if (result != VK_SUCCESS)
        return FailVk(result, "listing device extensions");
    auto needs = RequirementsOf(state.vki, state.physicalDevice, desc.modules);
    if (!needs)
        return Forward(needs);
    for (const char* name : desc.extensions)
    {
        if (!Contains(available, name))
            return Fail(ErrorCode::MissingFeature, "device '{}' lacks the extension {}", needs->deviceName, name);
        state.extensions.emplace_back(name);
    }
    for (const RequiredExtension& extension : needs->extensions)
        if (!state.HasExtension(extension.name))
            state.extensions.push_back(extension.name);
    if (Contains(available, "VK_KHR_portability_subset") && !state.HasExtension("VK_KHR_portability_subset"))
        state.extensions.emplace_back("VK_KHR_portability_subset"); // must be enabled where it is offered

    // The application's chain may or may not start with VkPhysicalDeviceFeatures2; ours must.
    VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2};
    auto* wish = static_cast<VkBaseOutStructure*>(desc.featureChain);
    VkPhysicalDeviceFeatures2* head = &features;
    if (wish != nullptr && wish->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2)
        head = reinterpret_cast<VkPhysicalDeviceFeatures2*>(wish);
    else
        features.pNext = wish;
    void* const originalNext = head->pNext;
    needs->MergeInto(*head);

    const std::vector<uint32_t> families = PickFamilies(state);
    if (families.empty())
        return Fail(ErrorCode::NoDevice, "device '{}' has no queue for compute and transfers", needs->deviceName);
    const float priority = 1.0F;
    std::vector<VkDeviceQueueCreateInfo> queues;
    for (const uint32_t family : families)
    {
        VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
        queue.queueFamilyIndex = family;
        queue.queueCount = 1;
        queue.pQueuePriorities = &priority;
        queues.push_back(queue);
    }
    std::vector<const char*> names;
    for (const std::string& name : state.extensions)
        names.push_back(name.c_str());
    VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO};
    info.pNext = head;
    info.queueCreateInfoCount = static_cast<uint32_t>(queues.size());
    info.pQueueCreateInfos = queues.data();
    info.enabledExtensionCount = static_cast<uint32_t>(names.size());
    info.ppEnabledExtensionNames = names.data();
    result = state.vki.CreateDevice(state.physicalDevice, &info, nullptr, &state.device);
    ReadFeatures(state, head);
    head->pNext = originalNext; // our structures end with this function
    if (result != VK_SUCCESS)
    {
        state.device = VK_NULL_HANDLE;
        return FailVk(result, "creating the device '{}'", needs->deviceName);
    }

    const char* missing = nullptr;
    const bool complete =
        LoadDeviceTable(state.vk, state.vki.GetDeviceProcAddr, state.device, state.debugUtils, &missing);
    if (state.hook.wrapDevice != nullptr)
        state.hook.wrapDevice(state.vk, state.device, state.hook.user);
    if (!complete)
        return Fail(ErrorCode::MissingFeature, "device '{}' lacks {}", needs->deviceName, missing);
    for (const uint32_t family : families)
    {
        QueueInfo queue;
        queue.family = family;
        state.vk.GetDeviceQueue(state.device, family, 0, &queue.queue);
        state.queues.push_back(queue);
        QueueAccess access;
        access.mutex = std::make_shared<std::mutex>();
        state.access.push_back(std::move(access));
    }
    return {};
}
} // namespace

Result<Device> Device::Create(const DeviceDesc& desc)
{
    auto state = std::make_shared<DeviceState>();
    state->hook = desc.hook;
    state->onValidationMessage = desc.onValidationMessage;
    state->getInstanceProcAddr = desc.getInstanceProcAddr;
    if (state->getInstanceProcAddr == nullptr)
    {
        auto library = VulkanLibrary::Open();
        if (!library)
            return Forward(library);
        state->library = std::move(*library);
        state->getInstanceProcAddr = state->library.GetInstanceProcAddr();
    }
    if (auto made = CreateInstance(*state, desc); !made)
        return Forward(made);
    if (auto picked = PickPhysicalDevice(*state, desc.device); !picked)
        return Forward(picked);
    if (auto made = CreateLogicalDevice(*state, desc); !made)
        return Forward(made);
    FillDeviceFacts(*state);
    SEDX_CORE_INFO("device: {}", state->name);
    state->kernels->Create();
    if (state->IsLost())
        return state->LostError();
    Device device;
    device.m_state = std::move(state);
    return device;
}
} // namespace sedx
