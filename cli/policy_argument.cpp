#include "cli/policy_argument.hpp"

#include <utility>

#include "base/file_io.hpp"
#include "verifier/policy_document.hpp"

namespace mayfly::cli {

Result<verifier::Policy> policy_argument(const std::string& name_or_path) {
  if (name_or_path == "default") {
    return verifier::default_policy();
  }
  if (name_or_path == "genuine-only") {
    return verifier::genuine_policy();
  }
  TRY(const Bytes document, read_file(name_or_path, verifier::policy_document_bytes_max));
  auto policy = verifier::parse_policy(document);
  if (!policy) {
    return std::unexpected(
        std::move(policy).error().while_doing("reading the policy " + name_or_path));
  }
  return policy;
}

}  // namespace mayfly::cli
