#include "cli/attest_choice.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "attest/collect/confidential_space.hpp"
#include "attest/collect/dstack_socket.hpp"
#include "attest/collect/nitro_device.hpp"
#include "attest/collect/simulated_tdx.hpp"
#include "attest/collect/tpm_evidence.hpp"
#include "attest/collect/tsm_report.hpp"
#include "attest/model/evidence_parts.hpp"
#include "cli/collateral_files.hpp"
#include "cli/tee_part_files.hpp"
#include "cli/tpm_address.hpp"
#include "cli/workshop.hpp"
#include "verifier/tdx_collateral_parts.hpp"
#include "verifier/tee_parts.hpp"

namespace mayfly::cli {
namespace {

using attest::Evidence;
using attest::ReportData;
using attest::TeeKind;
using Collect = std::function<Result<Evidence>(const ReportData&)>;

struct Words {
  std::string kind;
  std::string argument;  // empty: none was given
};

Words words_of(const std::string& what) {
  const std::size_t colon = what.find(':');
  return colon == std::string::npos ? Words{what, ""}
                                    : Words{what.substr(0, colon), what.substr(colon + 1)};
}

std::string or_default(const std::string& argument, std::string_view otherwise) {
  return argument.empty() ? std::string(otherwise) : argument;
}

Result<Collect> simulated(const crypto::Sha384& program, UnixMillis now) {
  TRY(auto attester, attest::SimulatedTdxAttester::start(program, now));
  auto held = std::make_shared<attest::SimulatedTdxAttester>(std::move(attester));
  return Collect([held](const ReportData& data) { return held->quote(data); });
}

Collect from_kernel(TeeKind kind, const std::string& argument) {
  std::shared_ptr<attest::TsmFiles> files =
      attest::kernel_tsm_files(or_default(argument, attest::tsm_report_folder));
  return [files, kind](const ReportData& data) -> Result<Evidence> {
    TRY(const attest::TsmReport report, attest::read_tsm_report(*files, data, attest::patient()));
    return attest::evidence_of(report, kind, data);
  };
}

Collect from_dstack(attest::DstackVersion version, const std::string& argument) {
  const std::string socket =
      or_default(argument, version == attest::DstackVersion::v0 ? attest::dstack_v0_socket
                                                                : attest::dstack_v1_socket);
  return [socket, version](const ReportData& data) {
    return attest::dstack_evidence(socket, version, data);
  };
}

Collect from_confidential_space(const std::string& argument) {
  const std::string socket = or_default(argument, attest::confidential_space_socket);
  return [socket](const ReportData& data) {
    return attest::confidential_space_evidence(socket, data);
  };
}

Result<Collect> from_nitro(const std::string& argument) {
  TRY(attest::NitroModule module,
      attest::open_nitro_module(or_default(argument, attest::nitro_device_path)));
  return Collect([module = std::move(module)](const ReportData& data) {
    return attest::nitro_evidence(module, data);
  });
}

struct HeldTpm {
  attest::TpmAttester tpm;
  std::mutex one_at_a_time;
};

Result<Collect> from_tpm(TeeKind kind, std::string address) {
  TRY(attest::TpmAttester tpm,
      kind == TeeKind::tpm
          ? open_tpm(std::move(address), TpmKeyWanted::any)
          : attest::TpmAttester::open(address, attest::TpmForeignKey{attest::azure_key_handle}));
  const auto held = std::make_shared<HeldTpm>(std::move(tpm));
  return Collect([held, kind](const ReportData& data) {
    const std::scoped_lock lock(held->one_at_a_time);
    return kind == TeeKind::tpm ? attest::tpm_evidence(held->tpm, data)
                                : attest::azure_evidence(held->tpm, kind, data);
  });
}

void put_parts(const certificate::Collateral& collateral, Evidence& evidence) {
  evidence.parts.clear();
  for (const certificate::CollateralPart& part : collateral.parts) {
    evidence.parts.push_back({.name = part.name, .bytes = part.bytes});
  }
}

// Intel's lists, chosen anew for each quote: they are good for thirty days, and a service runs on.
// And logs, the operator's before the machine's own.
Result<void> add_lists(const std::vector<std::string>& paths, Evidence& evidence) {
  TRY(verifier::TdxMaterial material,
      read_tdx_material(paths, {.quote = evidence.quote, .at = system_clock_now()}));
  for (attest::EvidencePart& part : evidence.parts) {
    if (part.name == attest::part_name::runtime_log && !material.logs.runtime) {
      material.logs.runtime = std::move(part.bytes);
    }
  }
  TRY(const certificate::Collateral collateral, verifier::tdx_parts(material));
  put_parts(collateral, evidence);
  return {};
}

// What the machine gave and what the operator gave, in the one spelling that certificates have.
Result<void> add_parts(const std::vector<std::string>& paths, Evidence& evidence) {
  std::map<std::string, Bytes> collected;
  for (attest::EvidencePart& part : evidence.parts) {
    collected[part.name] = std::move(part.bytes);
  }
  const bool is_azure = evidence.kind == TeeKind::azure_snp || evidence.kind == TeeKind::azure_tdx;
  const std::string kind = is_azure ? "azure" : std::string(to_string(evidence.kind));
  TRY(const TeeFiles files, read_tee_files(kind, evidence.quote, paths, std::move(collected)));
  if (files.parts) {
    put_parts(*files.parts, evidence);
  }
  return {};
}

Result<Collect> collector_of(TeeKind kind, const Words& words, const crypto::Sha384& program,
                             UnixMillis now) {
  if (words.kind == "dstack") return from_dstack(attest::DstackVersion::v1, words.argument);
  if (words.kind == "dstack-v0") return from_dstack(attest::DstackVersion::v0, words.argument);
  switch (kind) {
    case TeeKind::tdx:
    case TeeKind::snp: return from_kernel(kind, words.argument);
    case TeeKind::nitro: return from_nitro(words.argument);
    case TeeKind::confidential_space: return from_confidential_space(words.argument);
    case TeeKind::tpm:
    case TeeKind::azure_snp:
    case TeeKind::azure_tdx: return from_tpm(kind, words.argument);
    case TeeKind::simulated_tdx: break;
  }
  return simulated(program, now);
}

Result<TeeKind> kind_of(const Words& words, const std::vector<std::string>& parts) {
  if (words.kind == "simulated") return TeeKind::simulated_tdx;
  if (words.kind == "dstack" || words.kind == "dstack-v0") return TeeKind::tdx;
  if (words.kind == "azure") {
    TRY(const TeeFiles files, read_tee_files("azure", {}, parts));
    return files.kind;
  }
  for (const TeeKind kind :
       {TeeKind::tdx, TeeKind::snp, TeeKind::nitro, TeeKind::tpm, TeeKind::confidential_space}) {
    if (words.kind == to_string(kind)) return kind;
  }
  return fail(
      ErrorCode::malformed,
      "nothing attests runs by that name: known are simulated, tdx, snp, dstack, dstack-v0, "
      "nitro, tpm, azure and confidential-space");
}

}  // namespace

void add_attest_options(Verb verb, AttestChoice& choice) {
  verb.add_option("--attest", choice.what,
                  "what attests runs: simulated, tdx[:FOLDER], snp[:FOLDER], dstack[:SOCKET], "
                  "dstack-v0[:SOCKET], nitro[:DEVICE], tpm:ADDRESS[#HANDLE], azure:ADDRESS, "
                  "confidential-space[:SOCKET]")
      .type_name("KIND[:ARG]")
      .shows_default();
  verb.add_option("--attest-part", choice.parts,
                  "what stands beside each quote: the vendor's lists, certificates")
      .type_name("PATH|NAME=FILE")
      .one_value_each();
}

Result<Attestation> open_attestation(const AttestChoice& choice, const crypto::Sha384& program,
                                     UnixMillis now) {
  const Words words = words_of(choice.what);
  Attestation out;
  TRY(out.kind, kind_of(words, choice.parts));
  TRY(Collect collect, collector_of(out.kind, words, program, now));
  if (out.kind == TeeKind::simulated_tdx) {
    if (!words.argument.empty() || !choice.parts.empty()) {
      return fail(ErrorCode::malformed, "simulated attestation takes no argument and no parts");
    }
    out.collect = std::move(collect);
    return out;
  }
  out.collect = [collect = std::move(collect), parts = choice.parts,
                 kind = out.kind](const ReportData& data) -> Result<Evidence> {
    TRY(Evidence evidence, collect(data));
    CHECK_OK(kind == TeeKind::tdx ? add_lists(parts, evidence) : add_parts(parts, evidence));
    return evidence;
  };
  CHECK_OK(out.collect(ReportData{}));
  return out;
}

}  // namespace mayfly::cli
