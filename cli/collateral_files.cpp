#include "cli/collateral_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tdx_layout.hpp"
#include "attest/verify/collateral_envelope.hpp"
#include "attest/verify/pck_extension.hpp"
#include "attest/verify/tdx_quote.hpp"
#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "certificate/canonical_document.hpp"
#include "certificate/canonical_writer.hpp"
#include "crypto/pem.hpp"
#include "crypto/x509_crl.hpp"

namespace mayfly::cli {
namespace {

namespace fs = std::filesystem;
using attest::TdxCollateral;

constexpr std::string_view bundle_schema = "mayfly/collateral/v1";

// What the lists must fit.
struct Platform {
  std::array<std::uint8_t, 6> fmspc{};
  Bytes issuer;  // Name of the CA that issued the PCK certificate
};

std::optional<Platform> platform_of(ByteView quote) {
  const auto parsed = attest::parse_tdx_quote(quote);
  if (!parsed) return std::nullopt;
  const auto chain = crypto::split_pem_chain(parsed->pck_chain_pem, 8);
  if (!chain) return std::nullopt;
  const auto leaf = crypto::parse_x509(chain->front());
  if (!leaf) return std::nullopt;
  const auto value = crypto::find_extension(*leaf, attest::tdx_layout::pck_extension_identifier);
  const auto extension =
      value ? attest::parse_pck_extension(*value) : fail(ErrorCode::malformed, "");
  if (!extension) return std::nullopt;
  return Platform{extension->fmspc, Bytes(leaf->issuer.begin(), leaf->issuer.end())};
}

// One file that could be the one: the better, the larger.
struct Candidate {
  Bytes bytes;
  bool fits = false;
  bool is_in_time = false;
  UnixMillis issued;

  auto rank() const { return std::tuple(fits, is_in_time, issued.value); }
};

struct Candidates {
  std::vector<Candidate> tcb_info, qe_identity, root_crl, pck_crl, signing_chain;
};

Bytes best_of(std::vector<Candidate>& candidates) {
  const auto best = std::ranges::max_element(
      candidates, [](const Candidate& a, const Candidate& b) { return a.rank() < b.rank(); });
  return best == candidates.end() ? Bytes() : std::move(best->bytes);
}

class Sorter {
 public:
  explicit Sorter(const CollateralWanted& wanted)
      : platform_(platform_of(wanted.quote)), at_(wanted.at) {}

  // false: it is none of the kinds.
  bool take(Bytes bytes) {
    const std::string_view text = text_of(bytes);
    if (text.starts_with('{')) return take_json(std::move(bytes));
    if (text.find("-----BEGIN X509 CRL-----") != std::string_view::npos) {
      auto der = crl_from_pem(text);
      return der && take_crl(std::move(*der));
    }
    if (text.starts_with("-----BEGIN CERTIFICATE-----")) return take_chain(std::move(bytes));
    return take_crl(std::move(bytes));
  }

  // false: no log has this name.
  bool take_log(std::string_view name, Bytes bytes) {
    if (name == attest::part_name::event_log) {
      logs_.boot = std::move(bytes);
    } else if (name == attest::part_name::runtime_log) {
      logs_.runtime = std::move(bytes);
    } else {
      return false;
    }
    return true;
  }

  verifier::TdxMaterial result() && {
    return {.lists = {.tcb_info = best_of(found_.tcb_info),
                      .qe_identity = best_of(found_.qe_identity),
                      .signing_chain = best_of(found_.signing_chain),
                      .root_crl = best_of(found_.root_crl),
                      .pck_crl = best_of(found_.pck_crl)},
            .logs = std::move(logs_)};
  }

 private:
  bool is_in_time(UnixMillis from, UnixMillis until) const { return from <= at_ && at_ <= until; }

  bool take_json(Bytes bytes) {
    if (take_bundle(bytes)) return true;
    if (const auto info = attest::open_envelope(bytes, attest::tcb_info_body_name)) {
      Candidate candidate;
      if (const auto read = attest::parse_tcb_info(info->body)) {
        candidate = {.bytes = {},
                     .fits = platform_ && read->fmspc == platform_->fmspc,
                     .is_in_time = is_in_time(read->issue_date, read->next_update),
                     .issued = read->issue_date};
      }
      candidate.bytes = std::move(bytes);
      found_.tcb_info.push_back(std::move(candidate));
      return true;
    }
    if (const auto identity = attest::open_envelope(bytes, attest::qe_identity_body_name)) {
      Candidate candidate;
      if (const auto read = attest::parse_qe_identity(identity->body)) {
        candidate = {.bytes = {},
                     .fits = true,
                     .is_in_time = is_in_time(read->issue_date, read->next_update),
                     .issued = read->issue_date};
      }
      candidate.bytes = std::move(bytes);
      found_.qe_identity.push_back(std::move(candidate));
      return true;
    }
    return false;
  }

  bool take_crl(Bytes bytes) {
    const auto crl = crypto::parse_x509_crl(bytes);
    if (!crl) return false;
    constexpr std::string_view root_name = "Intel SGX Root CA";
    const bool is_root = text_of(crl->issuer).find(root_name) != std::string_view::npos;
    Candidate candidate{
        .bytes = {},
        .fits = is_root || (platform_ && std::ranges::equal(crl->issuer, platform_->issuer)),
        .is_in_time = is_in_time(crl->this_update, crl->next_update),
        .issued = crl->this_update};
    candidate.bytes = std::move(bytes);
    (is_root ? found_.root_crl : found_.pck_crl).push_back(std::move(candidate));
    return true;
  }

  bool take_chain(Bytes bytes) {
    const auto chain = crypto::split_pem_chain(bytes, 8);
    if (!chain) return false;
    const auto leaf = crypto::parse_x509(chain->front());
    Candidate candidate;
    if (leaf) {
      candidate = {.bytes = {},
                   .fits = leaf->subject_common_name == "Intel SGX TCB Signing",
                   .is_in_time = is_in_time(leaf->not_before, leaf->not_after),
                   .issued = leaf->not_before};
    }
    candidate.bytes = std::move(bytes);
    found_.signing_chain.push_back(std::move(candidate));
    return true;
  }

  bool take_bundle(ByteView bytes) {
    auto bundle = parse_collateral_bundle(bytes);
    if (!bundle) return false;
    for (certificate::CollateralPart& part : bundle->parts) {
      if (take_log(part.name, part.bytes)) continue;
      if (!take(std::move(part.bytes))) return false;
    }
    return true;
  }

  std::optional<Platform> platform_;
  UnixMillis at_;
  Candidates found_;
  attest::TdLogs logs_;
};

struct NamedLog {
  std::string name;
  std::string path;
};

// "event_log=FILE"
std::optional<NamedLog> named_log(const std::string& word) {
  for (const std::string_view name :
       {attest::part_name::event_log, attest::part_name::runtime_log}) {
    if (word.starts_with(std::string(name) + "=")) {
      return NamedLog{std::string(name), word.substr(name.size() + 1)};
    }
  }
  return std::nullopt;
}

}  // namespace

// "-----BEGIN X509 CRL-----": the base64 of a revocation list.
Result<Bytes> crl_from_pem(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN X509 CRL-----";
  constexpr std::string_view end = "-----END X509 CRL-----";
  const std::size_t from = text.find(begin);
  const std::size_t to = text.find(end);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
    return fail(ErrorCode::malformed, "not a PEM revocation list");
  }
  // The same armour as a certificate's but for its name, so the reader of those reads it.
  std::string as_certificate = "-----BEGIN CERTIFICATE-----";
  as_certificate += text.substr(from + begin.size(), to - from - begin.size());
  as_certificate += "-----END CERTIFICATE-----\n";
  TRY(std::vector<Bytes> der, crypto::split_pem_chain(bytes_of(as_certificate), 1));
  return std::move(der.front());
}

Result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    if (files.size() == collateral_files_max) {
      return fail(ErrorCode::limit, "more than 1024 files in " + folder.string());
    }
    files.push_back(entry->path());
  }
  if (error) {
    return std::unexpected(errno_error(error.value(), "reading the folder " + folder.string()));
  }
  std::ranges::sort(files);
  return files;
}

Result<certificate::Collateral> parse_collateral_bundle(ByteView bytes) {
  std::string_view text = text_of(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  TRY(const auto document, certificate::CanonicalDocument::parse(bytes_of(text)));
  const certificate::JsonValue root = document.root();
  TRY(const certificate::JsonValue schema, root.member("schema"));
  TRY(const std::string named, schema.string());
  if (named != bundle_schema) return std::unexpected(schema.malformed("is not a bundle's"));
  certificate::Collateral out;
  TRY(const certificate::JsonValue format, root.member("format"));
  TRY(out.format, format.string());
  TRY(const certificate::JsonValue parts, root.member("parts"));
  for (auto part = parts.first_child(); part; part = part->next_sibling()) {
    TRY(const certificate::JsonValue name, part->member("name"));
    TRY(const certificate::JsonValue encoded, part->member("bytes"));
    certificate::CollateralPart read;
    TRY(read.name, name.string());
    TRY(const std::string value, encoded.string());
    TRY(read.bytes, base64url_decode(value));
    out.parts.push_back(std::move(read));
  }
  return out;
}

Result<TdxCollateral> read_collateral(const std::vector<std::string>& paths,
                                      const CollateralWanted& wanted) {
  TRY(verifier::TdxMaterial material, read_tdx_material(paths, wanted));
  return std::move(material.lists);
}

Result<verifier::TdxMaterial> read_tdx_material(const std::vector<std::string>& paths,
                                                const CollateralWanted& wanted) {
  Sorter sorter(wanted);
  for (const std::string& path : paths) {
    if (const auto log = named_log(path)) {
      TRY(Bytes bytes, read_file(log->path, collateral_file_bytes_max));
      sorter.take_log(log->name, std::move(bytes));
      continue;
    }
    std::error_code error;
    if (fs::is_directory(path, error)) {
      TRY(const std::vector<fs::path> files, files_in(path));
      for (const fs::path& file : files) {
        TRY(Bytes bytes, read_file(file, collateral_file_bytes_max));
        (void)sorter.take(std::move(bytes));  // a folder may hold other things besides
      }
      continue;
    }
    TRY(Bytes bytes, read_file(path, collateral_file_bytes_max));
    if (!sorter.take(std::move(bytes))) {
      return fail(ErrorCode::malformed,
                  path + " is no TCB info, QE identity, revocation list or TCB signing chain");
    }
  }
  return std::move(sorter).result();
}

Result<std::string> collateral_bundle(const certificate::Collateral& parts) {
  certificate::CanonicalWriter writer;
  writer.begin_object();
  writer.member("format", parts.format);
  writer.name("parts");
  writer.begin_array();
  for (const certificate::CollateralPart& part : parts.parts) {
    writer.begin_object();
    writer.member("bytes", base64url_encode(part.bytes));
    writer.member("name", part.name);
    writer.end_object();
  }
  writer.end_array();
  writer.member("schema", bundle_schema);
  writer.end_object();
  return std::move(writer).finish();
}

}  // namespace mayfly::cli
