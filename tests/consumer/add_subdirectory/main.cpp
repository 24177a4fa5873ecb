#include "../common/round_trip.h"

int main() { return RoundTrip(sedx::Device::Create({})); }
