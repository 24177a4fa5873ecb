#include "wrapper.h"

namespace sedx::simulator
{
namespace
{
WrapperTable MakeTable()
{
    WrapperTable table{};
#define SEDX_SIMULATOR_PASS_ON(name) AddWrapper<Fn::name, &InstanceFunctions::name, PassOn{}>(table);
    SEDX_SIMULATOR_INSTANCE_FUNCTIONS(SEDX_SIMULATOR_PASS_ON)
#undef SEDX_SIMULATOR_PASS_ON
#define SEDX_SIMULATOR_PASS_ON(name) AddWrapper<Fn::name, &DeviceFunctions::name, PassOn{}>(table);
    SEDX_SIMULATOR_ALL_DEVICE_FUNCTIONS(SEDX_SIMULATOR_PASS_ON)
#undef SEDX_SIMULATOR_PASS_ON
    AddInstanceCalls(table);
    AddPhysicalDeviceCalls(table);
    AddMemoryCalls(table);
    AddObjectCalls(table);
    AddQueueCalls(table);
    AddCommandBufferCalls(table);
    AddBarrierCalls(table);
    AddUseCalls(table);
    return table;
}

std::unordered_map<std::string_view, PFN_vkVoidFunction> MakeIndex()
{
    static const WrapperTable table = MakeTable();
    std::unordered_map<std::string_view, PFN_vkVoidFunction> index;
    for (size_t i = 0; i < kFunctionNames.size(); ++i)
        index[kFunctionNames[i]] = table[i];
    return index;
}
} // namespace

PFN_vkVoidFunction FindWrapper(std::string_view name) noexcept
{
    static const auto index = MakeIndex();
    if (!name.starts_with("vk"))
        return nullptr;
    name.remove_prefix(2);
    const auto find = [](std::string_view plain) {
        const auto found = index.find(plain);
        return found == index.end() ? nullptr : found->second;
    };
    if (const PFN_vkVoidFunction wrapper = find(name))
        return wrapper;
    // Functions promoted to core keep their KHR name beside the new one.
    if (name.ends_with("KHR"))
        return find(name.substr(0, name.size() - 3));
    return find(std::string(name) + "KHR");
}
} // namespace sedx::simulator
