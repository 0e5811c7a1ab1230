#include "cli/tee_part_files.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include "attest/model/evidence_parts.hpp"
#include "attest/model/tpm_pcr_list.hpp"
#include "attest/verify/tpm2_tools_pcrs.hpp"
#include "base/file_io.hpp"
#include "cli/collateral_files.hpp"
#include "crypto/pem.hpp"
#include "crypto/pki_certificate.hpp"
#include "crypto/revocation_list.hpp"
#include "verifier/tee_parts.hpp"

namespace mayfly::cli {
namespace {

namespace fs = std::filesystem;
namespace part_name = attest::part_name;
using attest::TeeKind;

constexpr std::size_t certificates_max = 8;
constexpr std::array part_names{part_name::ak_chain,
                                part_name::ak_public,
                                part_name::certificate_chain,
                                part_name::crl,
                                part_name::event_log,
                                part_name::hcl_report,
                                part_name::key_path,
                                part_name::pcrs,
                                part_name::signature,
                                part_name::td_quote,
                                std::string_view("pck_crl"),
                                std::string_view("qe_identity"),
                                std::string_view("root_crl"),
                                std::string_view("tcb_info"),
                                std::string_view("tcb_signing_chain")};

bool is_part(std::string_view name) {
  return std::ranges::find(part_names, name) != part_names.end();
}

std::vector<Bytes> certificates_in(const Bytes& bytes) {
  if (auto chain = crypto::split_pem_chain(bytes, certificates_max)) {
    return std::move(*chain);
  }
  if (crypto::PkiCertificate::parse(bytes)) {
    return {bytes};
  }
  return {};
}

// From the one that is no authority, over whoever is named as its issuer, to a root.
std::string ordered_chain(const std::vector<Bytes>& pool) {
  std::vector<crypto::PkiCertificate> all;
  for (const Bytes& der : pool) {
    if (auto read = crypto::PkiCertificate::parse(der)) all.push_back(std::move(*read));
  }
  auto next = std::ranges::find_if(all, [](const auto& each) { return !each.is_authority(); });
  std::string out;
  for (std::size_t i = 0; i < certificates_max && next != all.end(); ++i) {
    out += crypto::pem_certificate(next->der());
    if (next->issuer() == next->subject()) break;
    const Bytes& issuer = next->issuer();
    next = std::ranges::find_if(all, [&](const auto& each) { return each.subject() == issuer; });
  }
  return out;
}

class PartFiles {
 public:
  PartFiles(ByteView quote, std::map<std::string, Bytes> collected)
      : quote_(quote), parts_(std::move(collected)) {}

  Result<void> take_path(const std::string& path) {
    const std::size_t equals = path.find('=');
    if (equals != std::string::npos && is_part(std::string_view(path).substr(0, equals))) {
      TRY(Bytes bytes, read_file(path.substr(equals + 1), collateral_file_bytes_max));
      return take_named(path.substr(0, equals), std::move(bytes));
    }
    std::error_code error;
    if (fs::is_directory(path, error)) {
      return take_folder(path);
    }
    TRY(Bytes bytes, read_file(path, collateral_file_bytes_max));
    if (!take_unnamed(std::move(bytes))) {
      return fail(ErrorCode::malformed,
                  path +
                      " is no bundle, certificate or revocation list; another part is given "
                      "by its name: --collateral signature=" +
                      path);
    }
    return {};
  }

  Result<TeeFiles> result(const std::string& kind) && {
    const bool is_td = parts_.contains(std::string(part_name::td_quote));
    TRY(const TeeKind tee, attest::tee_kind_from_string(kind != "azure" ? kind
                                                        : is_td         ? "azure-tdx"
                                                                        : "azure-snp"));
    const auto chain_name =
        tee == TeeKind::tpm ? part_name::ak_chain : part_name::certificate_chain;
    if (!certificates_.empty()) {
      const std::string chain = ordered_chain(certificates_);
      const ByteView bytes = bytes_of(chain);
      parts_[std::string(chain_name)] = Bytes(bytes.begin(), bytes.end());
    }
    TeeFiles out{.kind = tee, .parts = std::nullopt};
    if (!parts_.empty()) {
      TRY(out.parts, verifier::tee_parts(tee, parts_));
    }
    return out;
  }

 private:
  Result<void> take_named(const std::string& name, Bytes bytes) {
    if (name == part_name::pcrs && !attest::decode_tpm_pcrs(bytes)) {
      TRY(const auto pcrs, attest::read_tpm2_tools_pcrs(bytes, quote_));
      std::vector<attest::TpmPcrValue> values;
      for (const attest::TpmPcr& each : pcrs) {
        values.push_back({static_cast<std::uint16_t>(each.bank), each.index, each.value});
      }
      bytes = attest::encode_tpm_pcrs(std::move(values));
    }
    if (name == part_name::crl) {
      if (auto der = crl_from_pem(text_of(bytes))) bytes = std::move(*der);
    }
    if (name == part_name::certificate_chain || name == part_name::ak_chain) {
      // A certificate in DER is a chain of one.
      if (crypto::PkiCertificate::parse(bytes)) {
        const std::string pem = crypto::pem_certificate(bytes);
        const ByteView view = bytes_of(pem);
        bytes.assign(view.begin(), view.end());
      }
    }
    parts_[name] = std::move(bytes);
    return {};
  }

  bool take_unnamed(Bytes bytes) {
    if (const auto bundle = parse_collateral_bundle(bytes)) {
      for (const certificate::CollateralPart& part : bundle->parts) {
        parts_[part.name] = part.bytes;
      }
      return true;
    }
    std::vector<Bytes> found = certificates_in(bytes);
    if (!found.empty()) {
      std::ranges::move(found, std::back_inserter(certificates_));
      return true;
    }
    auto der = crl_from_pem(text_of(bytes));
    Bytes list = der ? std::move(*der) : std::move(bytes);
    if (!crypto::RevocationList::parse(list)) {
      return false;
    }
    parts_[std::string(part_name::crl)] = std::move(list);
    return true;
  }

  Result<void> take_folder(const fs::path& folder) {
    TRY(const std::vector<fs::path> files, files_in(folder));
    for (const fs::path& file : files) {
      TRY(Bytes bytes, read_file(file, collateral_file_bytes_max));
      if (const std::string name = file.stem(); is_part(name)) {
        CHECK_OK(take_named(name, std::move(bytes)));
      } else {
        (void)take_unnamed(std::move(bytes));  // a folder may hold other things besides
      }
    }
    return {};
  }

  ByteView quote_;
  std::map<std::string, Bytes> parts_;
  std::vector<Bytes> certificates_;
};

}  // namespace

Result<TeeFiles> read_tee_files(const std::string& kind, ByteView quote,
                                const std::vector<std::string>& paths,
                                std::map<std::string, Bytes> collected) {
  PartFiles files(quote, std::move(collected));
  for (const std::string& path : paths) {
    CHECK_OK(files.take_path(path));
  }
  return std::move(files).result(kind);
}

}  // namespace mayfly::cli
