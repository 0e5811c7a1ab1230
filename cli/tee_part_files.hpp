// What stands beside a quote, as someone has it on disk: named files, certificates and revocation
// lists told apart by what they hold, folders, or a bundle.
//
// Shapes    "NAME=FILE" gives one part by its name (docs/reference/evidence.md). A file without a
//           name is a bundle, or certificates (PEM or DER, any order) or a revocation list. A
//           folder: files named after parts ("signature", "signature.bin"), and those others.
// Errors    unavailable: missing or denied.  malformed: a file named by itself that is none of
//           these, or not of the part's form.
// Threads   Any; reads files.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/model/evidence.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "certificate/model.hpp"

namespace mayfly::cli {

struct TeeFiles {
  attest::TeeKind kind;
  std::optional<certificate::Collateral> parts;  // in their one spelling; none: nothing was given
};

// `kind`: "snp", "tpm", "nitro", "azure". Which of the two an Azure machine is, its parts tell.
// `collected`: parts that are there already; a file of the same name takes its place.
Result<TeeFiles> read_tee_files(const std::string& kind, ByteView quote,
                                const std::vector<std::string>& paths,
                                std::map<std::string, Bytes> collected = {});

}  // namespace mayfly::cli
