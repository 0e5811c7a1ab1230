#include "attest/verify/pck_extension.hpp"

#include <algorithm>
#include <string>

#include "attest/model/tdx_layout.hpp"
#include "crypto/der_reader.hpp"

namespace mayfly::attest {
namespace {

using crypto::DerElement;
using crypto::DerReader;
namespace der_tag = crypto::der_tag;

constexpr unsigned tcb_item = 2;
constexpr unsigned configuration_item = 7;
constexpr unsigned pce_svn_number = 17;
constexpr unsigned cpu_svn_number = 18;
constexpr std::uint32_t every_tcb_item = (1U << (cpu_svn_number + 1)) - 2;  // 1 to 18

std::unexpected<Error> bad_extension(const char* what) {
  return fail(ErrorCode::malformed, std::string("the PCK certificate's extension: ") + what);
}

// Numbers items below one identifier; each at most once.
class Numbering {
 public:
  // `depth` is how many bytes follow the extension's own identifier; the last one is the number.
  explicit Numbering(std::size_t depth, std::uint8_t parent = 0) : depth_(depth), parent_(parent) {}

  Result<unsigned> take(ByteView identifier) {
    const ByteView prefix = tdx_layout::pck_extension_identifier;
    if (identifier.size() != prefix.size() + depth_ ||
        !std::ranges::equal(identifier.first(prefix.size()), prefix) ||
        (depth_ == 2 && identifier[prefix.size()] != parent_) || identifier.back() > 31) {
      return bad_extension("an item of another family");
    }
    const std::uint32_t bit = 1U << identifier.back();
    if ((seen_ & bit) != 0) {
      return bad_extension("an item that occurs twice");
    }
    seen_ |= bit;
    return identifier.back();
  }
  std::uint32_t seen() const { return seen_; }

 private:
  std::size_t depth_;
  std::uint8_t parent_;
  std::uint32_t seen_ = 0;
};

template <std::size_t N>
Result<std::array<std::uint8_t, N>> octets(const DerElement& value) {
  if (value.tag != der_tag::octet_string || value.content.size() != N) {
    return bad_extension("an octet string of another type or length");
  }
  std::array<std::uint8_t, N> out;
  std::ranges::copy(value.content, out.begin());
  return out;
}

Result<std::uint16_t> number(const DerElement& value, std::uint16_t number_max) {
  DerReader reader(value.whole);
  TRY(const ByteView digits, reader.take_unsigned_integer());
  unsigned out = 0;
  if (digits.size() > 2) {
    return bad_extension("a number that is too large");
  }
  for (const std::uint8_t digit : digits) {
    out = (out << 8U) | digit;
  }
  if (out > number_max) {
    return bad_extension("a number that is too large");
  }
  return static_cast<std::uint16_t>(out);
}

struct Item {
  unsigned number;
  DerElement value;
};

Result<Item> take_item(DerReader& items, Numbering& numbering) {
  TRY(DerReader item, items.enter(der_tag::sequence));
  TRY(const DerElement identifier, item.take(der_tag::object_identifier));
  TRY(const unsigned number, numbering.take(identifier.content));
  TRY(const DerElement value, item.take());
  CHECK_OK(item.expect_end());
  return Item{number, value};
}

Result<void> read_tcb(const DerElement& value, PckExtension& out) {
  if (value.tag != der_tag::sequence) {
    return bad_extension("a TCB that is not a sequence");
  }
  DerReader items(value.content);
  Numbering numbering(2, tcb_item);
  while (!items.at_end()) {
    TRY(const Item item, take_item(items, numbering));
    if (item.number >= 1 && item.number <= out.tcb_components.size()) {
      TRY(const std::uint16_t svn, number(item.value, 0xff));
      out.tcb_components.at(item.number - 1) = static_cast<std::uint8_t>(svn);
    } else if (item.number == pce_svn_number) {
      TRY(out.pce_svn, number(item.value, 0xffff));
    } else if (item.number == cpu_svn_number) {
      TRY(out.cpu_svn, octets<16>(item.value));
    } else {
      return bad_extension("an unknown item of the TCB");
    }
  }
  if (numbering.seen() != every_tcb_item) {
    return bad_extension("a TCB without all of its 18 items");
  }
  return {};
}

Result<void> read_configuration(const DerElement& value, PckExtension& out) {
  if (value.tag != der_tag::sequence) {
    return bad_extension("a configuration that is not a sequence");
  }
  DerReader items(value.content);
  Numbering numbering(2, configuration_item);
  while (!items.at_end()) {
    TRY(const Item item, take_item(items, numbering));
    const ByteView flag = item.value.content;
    const bool is_boolean =
        item.value.tag == der_tag::boolean && flag.size() == 1 && (flag[0] == 0 || flag[0] == 0xff);
    if (!is_boolean) {
      return bad_extension("a configuration flag that is not a boolean");
    }
    const bool is_set = flag[0] == 0xff;
    switch (item.number) {
      case 1: out.dynamic_platform = is_set; break;
      case 2: out.cached_keys = is_set; break;
      case 3: out.smt_enabled = is_set; break;
      default: return bad_extension("an unknown configuration flag");
    }
  }
  return {};
}

Result<void> read_item(const Item& item, PckExtension& out) {
  switch (item.number) {
    case 1: {
      TRY(out.ppid, octets<16>(item.value));
      return {};
    }
    case tcb_item: return read_tcb(item.value, out);
    case 3: {
      TRY(out.pce_id, octets<2>(item.value));
      return {};
    }
    case 4: {
      TRY(out.fmspc, octets<6>(item.value));
      return {};
    }
    case 5: {
      if (item.value.tag != der_tag::enumerated || item.value.content.size() != 1) {
        return bad_extension("an SGX type that is not an enumerated value");
      }
      out.sgx_type = item.value.content[0];
      return {};
    }
    case 6: {
      TRY(out.piid, octets<16>(item.value));
      return {};
    }
    case configuration_item: return read_configuration(item.value, out);
    default: return bad_extension("an unknown item");
  }
}

}  // namespace

Result<PckExtension> parse_pck_extension(ByteView value) {
  PckExtension out;
  DerReader outer(value);
  TRY(DerReader items, outer.enter(der_tag::sequence));
  CHECK_OK(outer.expect_end());
  Numbering numbering(1);
  while (!items.at_end()) {
    TRY(const Item item, take_item(items, numbering));
    CHECK_OK(read_item(item, out));
  }
  constexpr std::uint32_t mandatory = (1U << 2U) | (1U << 3U) | (1U << 4U);
  if ((numbering.seen() & mandatory) != mandatory) {
    return bad_extension("it lacks the TCB, the PCE id or the FMSPC");
  }
  return out;
}

}  // namespace mayfly::attest
