#include "cli/judge_batch.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "certificate/canonical_json.hpp"
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

// One certificate a line: a canonical one has no line end inside. Of a longer line than any
// certificate has, one byte too many is kept, which the verdict then names.
class Lines {
 public:
  Result<std::optional<Item>> operator()() {
    Bytes line;
    bool has_any = false;
    while (true) {
      if (next_ == filled_) {
        CHECK_OK(fill());
        if (filled_ == 0) break;
      }
      has_any = true;
      const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(next_);
      const auto end =
          std::find(begin, buffer_.begin() + static_cast<std::ptrdiff_t>(filled_), '\n');
      const auto found = static_cast<std::size_t>(end - begin);
      const std::size_t room = certificate::json_bytes_max + 1 - line.size();
      line.insert(line.end(), begin, begin + static_cast<std::ptrdiff_t>(std::min(found, room)));
      next_ += found;
      if (next_ < filled_) {
        ++next_;
        break;
      }
    }
    if (!has_any) return std::optional<Item>();
    return std::optional(Item{"line " + std::to_string(++count_), std::move(line)});
  }

 private:
  Result<void> fill() {
    next_ = filled_ = 0;
    ssize_t count = 0;
    do {
      count = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) return fail_errno("reading certificates from standard input");
    filled_ = static_cast<std::size_t>(count);
    return {};
  }

  Bytes buffer_ = Bytes(std::size_t{256} * 1024);
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::size_t count_ = 0;
};

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
  Source source = Lines();
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
