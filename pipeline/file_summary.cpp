#include "pipeline/file_summary.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "base/text_encoding.hpp"
#include "crypto/content_hash.hpp"
#include "executor/image.hpp"
#include "pipeline/utf8_text.hpp"

namespace mayfly::pipeline {
namespace {

using executor::FileCall;
using executor::FileEvent;

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

}  // namespace

std::string keyed_hash(std::string_view text, const crypto::Sha256& disclosure_key) {
  return "hmac-sha256:" +
         hex_encode(crypto::hmac_sha256(disclosure_key.view(), bytes_of(text)).bytes);
}

// A job can touch any number of files; its certificate must still be one that can be read.
void FileOps::count(std::string_view op, std::string_view path) {
  if (!is_claimed(path)) return;
  std::pair key(std::string(op), stable_path(path));
  if (!merged_.empty()) return merge(key.first, key.second, 1);
  ++counts_[std::move(key)];
  if (counts_.size() <= file_ops_max) return;
  for (const auto& [one, times] : std::exchange(counts_, {})) merge(one.first, one.second, times);
}

void FileOps::merge(const std::string& op, std::string_view path, std::int64_t times) {
  Merged& merged = merged_[op];
  merged.paths.add(bytes_of(path), static_cast<std::uint64_t>(times));
  merged.count += times;
}

void FileOps::add(const FileEvent& event) {
  for (const FileCall other :
       {FileCall::connect, FileCall::refuse, FileCall::send, FileCall::execute}) {
    if (event.call == other) return;
  }
  std::string_view path = event.path;
  if (event.call == FileCall::bind) {
    if (!path.starts_with("unix /")) return;
    path.remove_prefix(5);
  }
  if (is_denial(event.error)) return count("denied", path);
  if (event.error != 0) return;
  // What a link is made of, its new name is what is made.
  if (event.call == FileCall::link) path = event.second;
  count(operation(event.call), path);
  if (event.call == FileCall::rename) count("create", event.second);
}

std::vector<certificate::FileOp> FileOps::finish() && {
  std::vector<certificate::FileOp> ops;
  for (const auto& [key, times] : counts_) {
    ops.push_back({key.first, keyed_hash(key.second, disclosure_key_), times});
  }
  for (const auto& [op, merged] : merged_) {
    ops.push_back(
        {op, keyed_hash(crypto::to_text(merged.paths.digest()), disclosure_key_), merged.count});
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

void Addresses::add(const FileEvent& event) {
  if (!asks_for_address(event.call) || !event.path.starts_with("inet")) return;
  if (is_allowed_connection(event, loopback_port_)) {
    ++allowed_;
    return;
  }
  std::string destination =
      merged_ ? "*" : printable_name(std::string_view(event.path).substr(event.path.find(' ') + 1));
  ++denied_[std::move(destination)];
  if (merged_ || denied_.size() <= network_calls_max) return;
  merged_ = true;
  for (const auto& [one, times] : std::exchange(denied_, {})) denied_["*"] += times;
}

std::vector<certificate::NetworkCall> Addresses::finish() && {
  std::vector<certificate::NetworkCall> calls;
  calls.reserve(denied_.size() + 1);
  for (const auto& [destination, times] : denied_) calls.push_back({destination, "denied", times});
  if (allowed_ == 0) return calls;
  calls.push_back({"127.0.0.1:" + std::to_string(*loopback_port_), "allowed", allowed_});
  std::ranges::sort(calls, {}, [](const certificate::NetworkCall& call) {
    return std::tie(call.destination, call.verdict);
  });
  return calls;
}

Result<certificate::FilesUsed> files_used(const executor::RunReport& report) {
  std::vector<crypto::ContentEntry> entries;
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
