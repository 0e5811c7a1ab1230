// The whole of mayfly-gateway: one run's way out, over helper_socket.
//
// A process of its own: what passes through it is private, and is gone with it; the key is in its
// locked memory and nowhere else. It ends with the run, or with whoever started it.
// Errors    To the other side, as `failed`. The exit code is 0 whenever that was told.
// Threads   One that accepts, and one for each connection, at most connections_max.
#pragma once
#include <cstddef>

namespace mayfly::gateway {

inline constexpr std::size_t connections_max = 64;

int gateway_main();

}  // namespace mayfly::gateway
