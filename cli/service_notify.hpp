// Tells systemd that a service is ready, if it was started as one (Type=notify).
//
// Source    sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names.
// Errors    None: whoever does not hear it waits for it and gives up by itself.
#pragma once
#include <string_view>

namespace mayfly::cli {

void notify_service_manager(std::string_view state);  // "READY=1", "STOPPING=1"

}  // namespace mayfly::cli
