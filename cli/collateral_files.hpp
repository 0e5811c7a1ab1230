// Intel's lists as someone has them on disk: files in any number and order, told apart by what they
// hold, or a bundle that `mayfly collateral pack` wrote.
//
// Shapes    A path is a file or a folder, whose files are taken, not its folders. TCB info and QE
//           identity as Intel's JSON; revocation lists as DER, or as PEM ("X509 CRL"); the TCB
//           signing chain as PEM. Where there are several of a kind, the one that fits the quote
//           and the time is taken, the newest first: choosing wrongly makes a verdict worse, never
//           better, because what is chosen is verified.
// Errors    unavailable: missing or denied.  malformed: a file named by itself that is none of
//           these. limit: a file over collateral_file_bytes_max, more than collateral_files_max
//           files.
// Threads   Any.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/verify/collateral.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "certificate/model.hpp"
#include "verifier/tdx_collateral_parts.hpp"

namespace mayfly::cli {

inline constexpr std::size_t evidence_bytes_max = std::size_t{1} << 20U;  // a quote by itself
inline constexpr std::size_t collateral_file_bytes_max = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t collateral_files_max = 1024;

struct CollateralWanted {
  ByteView quote;  // may be empty: no platform is known
  UnixMillis at;
};

// Also logs, by their names: event_log=FILE (CCEL), runtime_log=FILE (dstack's), or in a bundle.
Result<verifier::TdxMaterial> read_tdx_material(const std::vector<std::string>& paths,
                                                const CollateralWanted& wanted);

// {"format","parts":[{"bytes","name"}...],"schema":"mayfly/collateral/v1"}, canonical: the members
// format and parts are those of a certificate's proof.collateral.
Result<std::string> collateral_bundle(const certificate::Collateral& parts);
Result<certificate::Collateral> parse_collateral_bundle(ByteView bytes);

// The DER of a revocation list in PEM ("X509 CRL").
Result<Bytes> crl_from_pem(std::string_view text);
// The regular files of a folder, sorted; not those of folders in it.
Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& folder);

}  // namespace mayfly::cli
