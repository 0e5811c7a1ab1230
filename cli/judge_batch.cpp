#include "cli/judge_batch.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "cli/certificate_lines.hpp"
#include "cli/standard_streams.hpp"
#include "verifier/report_line.hpp"

namespace mayfly::cli {
namespace {

struct Item {
  std::string input;  // path, or number of the line
  Result<Bytes> certificate;
};
// nullopt: no more.
using Source = std::function<Result<std::optional<Item>>()>;

// Judged and printed together: enough to keep every processor busy, little enough to hold.
constexpr std::size_t chunk_items_max = 512;
constexpr std::size_t chunk_bytes_max = std::size_t{64} * 1024 * 1024;

Result<Source> files_below_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<std::string> paths;
  fs::recursive_directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    if (entry->path().extension() == ".json" && entry->is_regular_file()) {
      paths.push_back(entry->path().string());
    }
  }
  if (failed) {
    return fail(ErrorCode::unavailable, "reading the folder " + folder + ": " + failed.message());
  }
  std::ranges::sort(paths);
  return [paths = std::move(paths), at = std::size_t{0}]() mutable -> Result<std::optional<Item>> {
    if (at == paths.size()) return std::optional<Item>();
    const std::string& path = paths[at++];
    return std::optional(Item{path, read_certificate(path)});
  };
}

Source lines_of_standard_input() {
  auto lines = std::make_shared<CertificateLines>(STDIN_FILENO);
  return [lines]() -> Result<std::optional<Item>> {
    TRY(std::optional<Bytes> line, lines->next());
    if (!line) return std::optional<Item>();
    return std::optional(Item{"line " + std::to_string(lines->number()), std::move(*line)});
  };
}

Result<std::vector<Item>> next_chunk(const Source& source) {
  std::vector<Item> items;
  std::size_t bytes = 0;
  while (items.size() < chunk_items_max && bytes < chunk_bytes_max) {
    TRY(std::optional<Item> item, source());
    if (!item) break;
    bytes += item->certificate ? item->certificate->size() : 0;
    items.push_back(std::move(*item));
  }
  return items;
}

verifier::ReportLine judge_one(const Item& item, const Judge& judge) {
  if (!item.certificate)
    return verifier::unread_line(item.input, item.certificate.error().message());
  return verifier::report_line(item.input, judge.judge(*item.certificate));
}

std::vector<verifier::ReportLine> judge_chunk(const std::vector<Item>& items, const Judge& judge) {
  std::vector<verifier::ReportLine> lines(items.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < items.size(); i = next++) {
      lines[i] = judge_one(items[i], judge);
    }
  };
  const std::size_t threads =
      std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), items.size());
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  return lines;
}

}  // namespace

Result<int> judge_batch(const std::string& folder_or_dash, const JudgeOptions& options) {
  if (options.trace) {
    return fail(ErrorCode::malformed,
                "--batch judges many certificates, and a trace is of one run: give its certificate "
                "by itself for --trace");
  }
  TRY(const Judge judge, Judge::make(options));
  Source source = lines_of_standard_input();
  if (folder_or_dash != "-") {
    TRY(source, files_below_folder(folder_or_dash));
  }
  std::optional<int> worst;
  while (true) {
    TRY(const std::vector<Item> items, next_chunk(source));
    if (items.empty()) break;
    for (const verifier::ReportLine& line : judge_chunk(items, judge)) {
      worst = verifier::worse_exit_code(worst.value_or(line.exit_code), line.exit_code);
      if (options.form != ReportForm::none) put_out(line.json + "\n");
    }
    if (const int failed = flush_out(); failed != 0) {
      return fail(ErrorCode::internal, errno_error(failed, "writing the reports").message());
    }
  }
  if (!worst) {
    return fail(ErrorCode::malformed, folder_or_dash == "-"
                                          ? "standard input holds no certificate: give one a line"
                                          : folder_or_dash + " holds no *.json file");
  }
  return *worst;
}

}  // namespace mayfly::cli
