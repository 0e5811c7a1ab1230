#include "attest/collect/tsm_report.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tdx_layout.hpp"
#include "base/byte_reader.hpp"
#include "base/text_encoding.hpp"
#include "crypto/pem.hpp"
#include "crypto/random.hpp"

namespace mayfly::attest {
namespace {

constexpr std::size_t snp_report_size = 1184;
constexpr std::size_t snp_report_data_offset = 0x50;
constexpr std::size_t certificates_max = 8;

std::string fresh_name() {
  std::array<std::uint8_t, 16> random;
  crypto::fill_random(random);
  return "mayfly-" + hex_encode(random);
}

// The folder is gone when the request is over, whatever came of it.
class Request {
 public:
  static Result<Request> make(TsmFiles& files) {
    const std::string name = fresh_name();
    CHECK_OK(files.make(name));
    return Request(files, name);
  }
  Request(Request&& other) noexcept
      : files_(other.files_), name_(std::exchange(other.name_, std::string())) {}
  Request& operator=(Request&&) = delete;
  ~Request() {
    if (!name_.empty()) files_.remove(name_);
  }

  Result<Bytes> read(std::string_view attribute) { return files_.read(name_, attribute); }
  Result<void> write(std::string_view attribute, ByteView value) {
    return files_.write(name_, attribute, value);
  }
  Result<std::uint64_t> generation() {
    TRY(const Bytes text, read("generation"));
    const std::string_view digits = text_of(text);
    std::uint64_t out = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    if (end.ec != std::errc()) {
      return fail(ErrorCode::malformed, "the kernel's generation of a request is no number");
    }
    return out;
  }

 private:
  Request(TsmFiles& files, std::string name) : files_(files), name_(std::move(name)) {}

  TsmFiles& files_;
  std::string name_;
};

// Worth another try: the host's quoting service is busy or slow, or the call was interrupted, or
// another writer changed the request.
bool is_passing(const Error& error) {
  constexpr std::array passing{EBUSY, EINTR, ETIMEDOUT, EAGAIN};
  return std::ranges::find(passing, error.error_number()) != passing.end();
}

std::unexpected<Error> passing(const char* what) {
  return std::unexpected(Error(ErrorCode::unavailable, what, EAGAIN));
}

// Firmware that has no certificates to give, or a kernel that has no such attribute.
Bytes auxiliary_of(Request& request) {
  return request.read("auxblob").value_or(Bytes());
}

Result<TsmReport> try_once(TsmFiles& files, const ReportData& report_data) {
  TRY(Request request, Request::make(files));
  TRY(const std::uint64_t before, request.generation());
  CHECK_OK(request.write("inblob", report_data));
  TsmReport out;
  TRY(out.outblob, request.read("outblob"));
  out.auxblob = auxiliary_of(request);
  TRY(const Bytes provider, request.read("provider"));
  const std::string_view name = text_of(provider);
  out.provider = name.substr(0, name.find('\n'));
  TRY(const std::uint64_t after, request.generation());
  if (after != before + 1) {
    return passing("another writer changed the request for a report");
  }
  if (out.outblob.empty()) {
    return passing("the host's quoting service gave an empty report");
  }
  return out;
}

template <class T>
Result<T> take_le(ByteView bytes, std::size_t offset) {
  if (bytes.size() < offset || bytes.size() - offset < sizeof(T)) {
    return fail(ErrorCode::malformed, "the quote that the kernel gave is cut off");
  }
  T out = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    out = static_cast<T>(out << 8U | bytes[offset + i]);
  }
  return out;
}

struct QuoteLayout {
  std::string_view format;
  std::size_t body_offset;
  std::size_t signed_bytes;
};

Result<QuoteLayout> layout_of(ByteView quote) {
  TRY(const auto version, take_le<std::uint16_t>(quote, 0));
  if (version == tdx_layout::version_4) {
    return QuoteLayout{"tdx-quote-v4", tdx_layout::header_bytes,
                       tdx_layout::header_bytes + tdx_layout::body_bytes};
  }
  if (version != tdx_layout::version_5) {
    return fail(ErrorCode::malformed, "the kernel gave a quote of another version than 4 and 5");
  }
  constexpr std::size_t type_bytes = 6;
  TRY(const auto body_bytes, take_le<std::uint32_t>(quote, tdx_layout::header_bytes + 2));
  return QuoteLayout{"tdx-quote-v5", tdx_layout::header_bytes + type_bytes,
                     tdx_layout::header_bytes + type_bytes + body_bytes};
}

std::unexpected<Error> other_binding() {
  return fail(ErrorCode::unavailable, "the report is over other bytes than those asked for");
}

bool holds(ByteView report, std::size_t offset, const ReportData& report_data) {
  return report.size() >= offset + report_data.size() &&
         std::ranges::equal(report.subspan(offset, report_data.size()), report_data);
}

using Guid = std::array<std::uint8_t, 16>;
// As a UUID is written, not as EFI stores one.
constexpr Guid vcek_guid{0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                         0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd};
constexpr Guid vlek_guid{0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
                         0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1};
constexpr Guid ask_guid{0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                        0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82};
constexpr Guid ark_guid{0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                        0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae};

// Entries of {GUID, offset, length}, ended by one of zeros; the certificates follow.
Result<Bytes> find_certificate(ByteView table, const Guid& wanted) {
  ByteReader reader(table);
  while (true) {
    TRY(const Guid guid, reader.take_array<16>());
    TRY(const std::uint32_t offset, reader.take_u32_le());
    TRY(const std::uint32_t length, reader.take_u32_le());
    if (guid == Guid{}) {
      return Bytes();
    }
    if (guid != wanted) {
      continue;
    }
    if (offset > table.size() || length > table.size() - offset) {
      return fail(ErrorCode::malformed, "the host's table of certificates points past its end");
    }
    const ByteView certificate = table.subspan(offset, length);
    if (text_of(certificate).starts_with("-----BEGIN")) {
      TRY(std::vector<Bytes> der, crypto::split_pem_chain(certificate, certificates_max));
      return std::move(der.front());
    }
    return Bytes(certificate.begin(), certificate.end());
  }
}

// All three, or none: a chain that the operator gives is then used instead.
Result<std::string> chain_of(ByteView table) {
  TRY(Bytes leaf, find_certificate(table, vcek_guid));
  if (leaf.empty()) {
    TRY(leaf, find_certificate(table, vlek_guid));
  }
  TRY(const Bytes authority, find_certificate(table, ask_guid));
  TRY(const Bytes root, find_certificate(table, ark_guid));
  if (leaf.empty() || authority.empty() || root.empty()) {
    return std::string();
  }
  return crypto::pem_certificate(leaf) + crypto::pem_certificate(authority) +
         crypto::pem_certificate(root);
}

}  // namespace

TsmPatience patient() {
  return {.tries_max = 8, .pause = [] { std::this_thread::sleep_for(std::chrono::seconds(1)); }};
}

Result<TsmReport> read_tsm_report(TsmFiles& files, const ReportData& report_data,
                                  const TsmPatience& patience) {
  for (int i = 1;; ++i) {
    auto report = try_once(files, report_data);
    if (report || !is_passing(report.error())) {
      return report;
    }
    if (i >= patience.tries_max) {
      return std::unexpected(
          std::move(report).error().while_doing("after " + std::to_string(i) + " tries"));
    }
    patience.pause();
  }
}

Result<Evidence> tdx_evidence(ByteView outblob, const ReportData& report_data) {
  TRY(const QuoteLayout layout, layout_of(outblob));
  TRY(const auto signature_bytes, take_le<std::uint32_t>(outblob, layout.signed_bytes));
  const std::size_t size = layout.signed_bytes + sizeof(std::uint32_t) + signature_bytes;
  if (size > outblob.size()) {
    return fail(ErrorCode::malformed, "the quote that the kernel gave is cut off");
  }
  constexpr std::size_t report_data_offset = 520;
  if (!holds(outblob.first(size), layout.body_offset + report_data_offset, report_data)) {
    return other_binding();
  }
  return Evidence{
      .kind = TeeKind::tdx,
      .format = layout.format,
      .quote = Bytes(outblob.begin(), outblob.begin() + static_cast<std::ptrdiff_t>(size)),
      .parts_format = parts_format::tdx,
      .parts = {}};
}

Result<Evidence> snp_evidence(ByteView outblob, ByteView auxblob, const ReportData& report_data) {
  if (outblob.size() != snp_report_size) {
    return fail(ErrorCode::malformed, "an SEV-SNP report has 1184 bytes, the kernel gave " +
                                          std::to_string(outblob.size()));
  }
  if (!holds(outblob, snp_report_data_offset, report_data)) {
    return other_binding();
  }
  Evidence out{.kind = TeeKind::snp,
               .format = quote_format::snp,
               .quote = Bytes(outblob.begin(), outblob.end()),
               .parts_format = parts_format::snp,
               .parts = {}};
  if (!auxblob.empty()) {
    TRY(const std::string chain, chain_of(auxblob));
    const ByteView bytes = bytes_of(chain);
    if (!chain.empty()) {
      out.parts.push_back(
          {std::string(part_name::certificate_chain), Bytes(bytes.begin(), bytes.end())});
    }
  }
  return out;
}

Result<Evidence> evidence_of(const TsmReport& report, TeeKind kind, const ReportData& report_data) {
  const std::string_view wanted = kind == TeeKind::tdx ? "tdx_guest" : "sev_guest";
  if (report.provider != wanted) {
    return fail(ErrorCode::unavailable, "this machine's reports are of another kind than " +
                                            std::string(to_string(kind)) +
                                            ": choose the kind that it is");
  }
  return kind == TeeKind::tdx ? tdx_evidence(report.outblob, report_data)
                              : snp_evidence(report.outblob, report.auxblob, report_data);
}

}  // namespace mayfly::attest
