#include "attest/collect/nitro_device.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <utility>

#include "attest/model/cbor_reader.hpp"
#include "attest/model/evidence_parts.hpp"
#include "base/unique_fd.hpp"

namespace mayfly::attest {
namespace {

struct Piece {
  std::uint64_t address;
  std::uint64_t size;
};
struct Message {
  Piece request;
  Piece response;
};
// _IOWR(0x0a, 0, two pieces); spelled out, because <linux/nsm.h> is newer than Debian 12.
constexpr unsigned long raw_request = 0xc0200a00UL;
static_assert(sizeof(Message) == 0x20);

std::uint64_t address_of(const std::uint8_t* bytes) {
  return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(bytes));
}

void put_text(std::string_view text, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(0x60U | text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

// {"Attestation": {"user_data": h'...', "nonce": null, "public_key": null}}
Bytes attestation_request(const ReportData& report_data) {
  constexpr std::uint8_t map_of_one = 0xa1;
  constexpr std::uint8_t map_of_three = 0xa3;
  constexpr std::uint8_t null = 0xf6;
  Bytes out{map_of_one};
  put_text("Attestation", out);
  out.push_back(map_of_three);
  put_text("user_data", out);
  out.insert(out.end(), {0x58, static_cast<std::uint8_t>(report_data.size())});
  out.insert(out.end(), report_data.begin(), report_data.end());
  put_text("nonce", out);
  out.push_back(null);
  put_text("public_key", out);
  out.push_back(null);
  return out;
}

Result<void> enter_map_of_one(CborReader& reader) {
  TRY(const auto pairs, reader.enter_map(1, IndefiniteMap::refuse));
  if (pairs != 1) {
    return fail(ErrorCode::malformed, "the Nitro module's response is not of its form");
  }
  return {};
}

// {"Attestation": {"document": h'...'}} or {"Error": "InvalidArgument"}
Result<Bytes> document_in(ByteView response) {
  constexpr std::size_t name_bytes_max = 64;
  CborReader reader(response);
  CHECK_OK(enter_map_of_one(reader));
  TRY(const std::string_view name, reader.take_text(name_bytes_max));
  if (name == "Error") {
    TRY(const std::string_view why, reader.take_text(name_bytes_max));
    return fail(ErrorCode::unavailable, "the Nitro module refuses: " + std::string(why));
  }
  CHECK_OK(enter_map_of_one(reader));
  TRY(const std::string_view member, reader.take_text(name_bytes_max));
  if (name != "Attestation" || member != "document") {
    return fail(ErrorCode::malformed, "the Nitro module answers something else than was asked");
  }
  TRY(const ByteView document, reader.take_bytes(nitro_response_bytes_max));
  CHECK_OK(reader.expect_end());
  return Bytes(document.begin(), document.end());
}

}  // namespace

Result<NitroModule> open_nitro_module(const std::string& device) {
  auto fd = std::make_shared<UniqueFd>(::open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (fd->borrow() < 0) {
    return fail_errno("opening " + device + ", which only an AWS Nitro enclave has");
  }
  return NitroModule([fd](ByteView request) -> Result<Bytes> {
    Bytes response(nitro_response_bytes_max);
    Message message{.request = {address_of(request.data()), request.size()},
                    .response = {address_of(response.data()), response.size()}};
    if (::ioctl(fd->borrow(), raw_request, &message) != 0) {
      return fail_errno("asking the Nitro module");
    }
    if (message.response.size > response.size()) {
      return fail(ErrorCode::malformed, "the Nitro module gave more than was asked for");
    }
    response.resize(message.response.size);
    return response;
  });
}

Result<Evidence> nitro_evidence(const NitroModule& module, const ReportData& report_data) {
  TRY(const Bytes response, module(attestation_request(report_data)));
  TRY(Bytes document, document_in(response));
  constexpr std::uint8_t cose_sign1_tag = 0xd2;
  if (!document.empty() && document.front() == cose_sign1_tag) {
    document.erase(document.begin());
  }
  return Evidence{.kind = TeeKind::nitro,
                  .format = quote_format::nitro,
                  .quote = std::move(document),
                  .parts_format = {},
                  .parts = {}};
}

}  // namespace mayfly::attest
