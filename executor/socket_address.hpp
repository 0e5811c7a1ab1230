// A socket's address as the record spells it.
//
// Shapes    "inet 192.0.2.1:80", "inet6 [2001:db8::1]:80", "unix @abstract" (any bytes: escaped
//           where they are shown), "family 16". `size` is what the job passed, at most that of
//           sockaddr_storage; bytes past it are not looked at.
// Source    ip(7), ipv6(7), unix(7).
// Threads   Pure.
#pragma once
#include <sys/socket.h>

#include <string>

namespace mayfly::executor {

std::string address_text(const sockaddr_storage& bytes, socklen_t size);

}  // namespace mayfly::executor
