// Writes the case folders. Only for a change of the format or of a code:
//   build/dev/bin/make_verifier_cases tests/certificates
#include <cstdio>
#include <filesystem>

#include "base/file_io.hpp"
#include "tests/verifier/cases.hpp"

namespace {

mayfly::Result<void> write_case(const std::filesystem::path& folder,
                                const mayfly::test::Case& one) {
  std::filesystem::create_directories(folder);
  CHECK_OK(mayfly::write_file(folder / "certificate.json", one.certificate));
  CHECK_OK(mayfly::write_file(folder / "case.json", mayfly::bytes_of(case_json(one))));
  if (one.dataset) {
    CHECK_OK(mayfly::write_file(folder / "dataset.csv", mayfly::bytes_of(*one.dataset)));
  }
  if (one.log_policy) {
    CHECK_OK(mayfly::write_file(folder / "log-policy", mayfly::bytes_of(*one.log_policy)));
  }
  if (one.tsa_roots) {
    CHECK_OK(mayfly::write_file(folder / "tsa-roots.pem", mayfly::bytes_of(*one.tsa_roots)));
  }
  if (one.trace) {
    CHECK_OK(mayfly::write_file(folder / "trace.jsonl", mayfly::bytes_of(*one.trace)));
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_verifier_cases FOLDER\n", stderr);
    return 64;
  }
  for (const mayfly::test::Case& one : mayfly::test::all_cases()) {
    const auto written = write_case(std::filesystem::path(argv[1]) / one.name, one);
    if (!written) {
      std::fprintf(stderr, "make_verifier_cases: %s\n", written.error().message().c_str());
      return 1;
    }
  }
  return 0;
}
