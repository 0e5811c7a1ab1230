// What the recorders read of a job that chooses it: a socket address out of its memory, and the
// lines of /proc that carry its name. Nothing crashes, no byte past the given size is looked at,
// and what is read is what the same bytes say a second time.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/bytes.hpp"
#include "executor/proc_files.hpp"
#include "executor/socket_address.hpp"

namespace {

using namespace mayfly;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string text_within(ByteView bytes, std::uint8_t rest) {
  sockaddr_storage address{};
  std::memset(&address, rest, sizeof address);
  std::memcpy(&address, bytes.data(), bytes.size());
  return executor::address_text(address, static_cast<socklen_t>(bytes.size()));
}

void check_address(ByteView bytes) {
  // The kernel takes no address that is shorter than its family.
  if (bytes.size() < sizeof(sa_family_t)) return;
  bytes = bytes.first(std::min(bytes.size(), sizeof(sockaddr_storage)));
  const std::string text = text_within(bytes, 0);
  require(text == text_within(bytes, 0xff));
  require(text.starts_with("inet ") || text.starts_with("inet6 [") || text.starts_with("unix @") ||
          text.starts_with("family "));
}

void check_status(std::string_view text) {
  const auto status = executor::parse_status(text);
  if (!status) return require(status.error().code() == ErrorCode::malformed);
  const auto again = executor::parse_status(std::string(text) + "Uid:\t0\t0\t0\t0\n");
  require(again && again->uids == status->uids);  // the first line of a name counts
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_address(bytes);
  check_status(text_of(bytes));
  return 0;
}
