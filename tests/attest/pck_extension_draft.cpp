#include "tests/attest/pck_extension_draft.hpp"

#include "attest/model/tdx_layout.hpp"
#include "crypto/der_reader.hpp"
#include "crypto/der_writer.hpp"

namespace mayfly::attest {
namespace {

using namespace crypto;

void put_bytes(Bytes& out, const Bytes& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes item(std::initializer_list<std::uint8_t> numbers, const Bytes& value) {
  return der_sequence({der_object_identifier(pck_item_identifier(numbers)), value});
}

Bytes integer(unsigned value) {
  const std::array<std::uint8_t, 2> digits{static_cast<std::uint8_t>(value >> 8U),
                                           static_cast<std::uint8_t>(value)};
  return der_unsigned_integer(digits);
}

Bytes tcb(const PckExtension& extension) {
  Bytes items;
  for (std::uint8_t i = 0; i < 16; ++i) {
    put_bytes(items,
              item({2, static_cast<std::uint8_t>(i + 1)}, integer(extension.tcb_components[i])));
  }
  put_bytes(items, item({2, 17}, integer(extension.pce_svn)));
  put_bytes(items, item({2, 18}, der_octet_string(extension.cpu_svn)));
  return der_sequence({items});
}

}  // namespace

Bytes pck_item_identifier(std::initializer_list<std::uint8_t> numbers) {
  Bytes out(tdx_layout::pck_extension_identifier.begin(),
            tdx_layout::pck_extension_identifier.end());
  for (const std::uint8_t number : numbers) out.push_back(number);
  return out;
}

PckExtension plain_platform() {
  PckExtension out;
  out.ppid.emplace().fill(0xaa);
  out.tcb_components.fill(5);
  out.cpu_svn.fill(5);
  out.pce_svn = 5;
  out.fmspc = {0x00, 0x80, 0x6f, 0x05, 0x00, 0x00};
  return out;
}

Bytes pck_extension_der(const PckExtension& extension) {
  Bytes items;
  if (extension.ppid) put_bytes(items, item({1}, der_octet_string(*extension.ppid)));
  put_bytes(items, item({2}, tcb(extension)));
  put_bytes(items, item({3}, der_octet_string(extension.pce_id)));
  put_bytes(items, item({4}, der_octet_string(extension.fmspc)));
  if (extension.sgx_type) {
    put_bytes(items,
              item({5}, der_element(der_tag::enumerated, std::span(&*extension.sgx_type, 1))));
  }
  if (extension.piid) put_bytes(items, item({6}, der_octet_string(*extension.piid)));
  return der_sequence({items});
}

}  // namespace mayfly::attest
