#include "pipeline/file_summary.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "base/text_encoding.hpp"
#include "crypto/content_hash.hpp"
#include "executor/image.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

using executor::FileCall;
using executor::FileEvent;

// A job can touch any number of files; its certificate must still be one that can be read. Past
// this many the paths of one operation are no longer told apart.
constexpr std::size_t file_ops_max = 4096;
constexpr std::size_t network_calls_max = 1024;

constexpr std::array<std::string_view, 2> random_folders = {"/tmp/", "/dev/shm/"};

std::string stable_path(std::string_view path) {
  for (const std::string_view folder : random_folders) {
    if (path.starts_with(folder)) return std::string(folder) + "*";
  }
  return std::string(path);
}

bool is_claimed(std::string_view path) {
  if (path.starts_with("/dev/shm/")) return true;
  return path.starts_with('/') && !executor::is_of_image(path) && !path.starts_with("/proc/") &&
         !path.starts_with("/dev/");
}

bool is_denial(int error) {
  return error == EACCES || error == EPERM || error == EROFS;
}

std::string_view operation(FileCall call) {
  switch (call) {
    case FileCall::read: return "read";
    case FileCall::write:
    case FileCall::truncate: return "write";
    case FileCall::remove:
    case FileCall::rename: return "remove";
    case FileCall::create:
    case FileCall::make_directory:
    case FileCall::make_node:
    case FileCall::link:
    case FileCall::symlink:
    case FileCall::bind: return "create";
    case FileCall::connect:
    case FileCall::refuse:
    case FileCall::send:
    case FileCall::execute: break;
  }
  return "read";
}

using Counts = std::map<std::pair<std::string, std::string>, std::int64_t>;  // operation, path

void count(Counts& counts, std::string_view op, std::string_view path) {
  if (is_claimed(path)) ++counts[{std::string(op), stable_path(path)}];
}

void count(Counts& counts, const FileEvent& event) {
  for (const FileCall other :
       {FileCall::connect, FileCall::refuse, FileCall::send, FileCall::execute}) {
    if (event.call == other) return;
  }
  std::string_view path = event.path;
  if (event.call == FileCall::bind) {
    if (!path.starts_with("unix /")) return;
    path.remove_prefix(5);
  }
  if (is_denial(event.error)) return count(counts, "denied", path);
  if (event.error != 0) return;
  // What a link is made of, its new name is what is made.
  if (event.call == FileCall::link) path = event.second;
  count(counts, operation(event.call), path);
  if (event.call == FileCall::rename) count(counts, "create", event.second);
}

}  // namespace

std::string keyed_hash(std::string_view text, const crypto::Sha256& disclosure_key) {
  return "hmac-sha256:" +
         hex_encode(crypto::hmac_sha256(disclosure_key.view(), bytes_of(text)).bytes);
}

std::vector<certificate::FileOp> aggregate_files(const std::vector<FileEvent>& events,
                                                 const crypto::Sha256& disclosure_key) {
  Counts counts;
  for (const FileEvent& event : events) count(counts, event);
  if (counts.size() > file_ops_max) {
    std::map<std::string, std::pair<std::string, std::int64_t>> merged;
    for (const auto& [key, number] : counts) {
      auto& [paths, sum] = merged[key.first];
      paths += std::to_string(key.second.size()) + ":" + key.second + ",";
      sum += number;
    }
    counts.clear();
    for (const auto& [op, both] : merged) counts[{op, both.first}] = both.second;
  }
  std::vector<certificate::FileOp> ops;
  for (const auto& [key, number] : counts) {
    ops.push_back({key.first, keyed_hash(key.second, disclosure_key), number});
  }
  return ops;
}

bool asks_for_address(FileCall call) {
  return call == FileCall::connect || call == FileCall::send;
}

bool is_allowed_connection(const FileEvent& event, std::optional<std::uint16_t> loopback_port) {
  return loopback_port && event.call == FileCall::connect &&
         event.path == "inet 127.0.0.1:" + std::to_string(*loopback_port);
}

std::vector<certificate::NetworkCall> aggregate_addresses(
    const std::vector<FileEvent>& events, std::optional<std::uint16_t> loopback_port) {
  // The network namespace of a job is empty: whatever it asked for, it did not get it, but for a
  // connection to the one address that its run may have.
  std::map<std::pair<std::string, std::string>, std::int64_t> counts;  // destination, verdict
  for (const FileEvent& event : events) {
    if (!asks_for_address(event.call) || !event.path.starts_with("inet")) continue;
    std::pair<std::string, std::string> key(
        printable_name(std::string_view(event.path).substr(event.path.find(' ') + 1)), "");
    key.second = is_allowed_connection(event, loopback_port) ? "allowed" : "denied";
    if (counts.size() >= network_calls_max && !counts.contains(key)) key = {"*", "denied"};
    ++counts[key];
  }
  std::vector<certificate::NetworkCall> calls;
  calls.reserve(counts.size());
  for (const auto& [key, number] : counts) calls.push_back({key.first, key.second, number});
  return calls;
}

Result<certificate::FilesUsed> files_used(const executor::RunReport& report) {
  std::vector<crypto::ContentEntry> entries;
  for (const executor::ExecEvent& event : report.executions) {
    if (!executor::is_of_image(event.path)) continue;
    entries.push_back({event.path, event.size_bytes, event.digest});
  }
  for (const executor::ImageFile& file : report.files.image_files) {
    if (!executor::is_of_image(file.path)) continue;
    entries.push_back({file.path, file.size_bytes, file.digest});
  }
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  entries.erase(repeated.begin(), repeated.end());
  const auto number = static_cast<std::int64_t>(entries.size());
  TRY(const crypto::Sha256 root, crypto::content_hash("mayfly/files-used/v1", std::move(entries)));
  return certificate::FilesUsed{.root = root, .count = number};
}

}  // namespace mayfly::pipeline
