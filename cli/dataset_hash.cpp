#include "cli/dataset_hash.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "base/read_through.hpp"
#include "base/unique_fd.hpp"
#include "crypto/content_hash.hpp"

namespace mayfly::cli {
namespace {

namespace fs = std::filesystem;

struct HashedFile {
  crypto::Sha256 digest;
  std::uint64_t size_bytes = 0;
};

Result<HashedFile> hash_stream(const UniqueFd& fd, std::string_view doing) {
  crypto::Sha256Hasher hasher;
  HashedFile hashed;
  CHECK_OK(read_through(fd, doing, [&](ByteView bytes) {
    hasher.update(bytes);
    hashed.size_bytes += bytes.size();
  }));
  hashed.digest = std::move(hasher).finish();
  return hashed;
}

Result<HashedFile> hash_file(const fs::path& path, int flags) {
  const std::string doing = "reading the dataset " + path.string();
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!fd) {
    return fail_errno(doing);
  }
  struct stat status{};
  if (::fstat(fd.borrow(), &status) != 0) {
    return fail_errno(doing);
  }
  // One such as /dev/zero has no end.
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
    return fail(ErrorCode::malformed,
                path.string() + " is a device: give a file, a directory, or - for standard input");
  }
  return hash_stream(fd, doing);
}

Result<std::string> hash_directory(const fs::path& root) {
  std::vector<crypto::ContentEntry> entries;
  std::error_code error;
  fs::recursive_directory_iterator it(root, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::file_status status = it->symlink_status(error);
    if (error || fs::is_directory(status)) {
      continue;
    }
    if (!fs::is_regular_file(status)) {
      return fail(ErrorCode::malformed, "the dataset directory holds " + it->path().string() +
                                            ", which is no regular file: a dataset has none such");
    }
    if (entries.size() == dataset_files_max) {
      return fail(ErrorCode::limit, "the dataset directory holds more than " +
                                        std::to_string(dataset_files_max) + " files");
    }
    TRY(const HashedFile hashed, hash_file(it->path(), O_NOFOLLOW));
    entries.push_back(
        {it->path().lexically_relative(root).generic_string(), hashed.size_bytes, hashed.digest});
  }
  if (error) {
    return std::unexpected(
        errno_error(error.value(), "reading the dataset directory " + root.string()));
  }
  TRY(const crypto::Sha256 hash,
      crypto::content_hash(crypto::dataset_directory_label, std::move(entries)));
  return crypto::to_text(hash);
}

}  // namespace

Result<std::string> dataset_hash(const std::string& path) {
  if (path == "-") {
    const UniqueFd standard_input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    TRY(const HashedFile hashed, hash_stream(standard_input, "reading standard input"));
    return crypto::to_text(hashed.digest);
  }
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return hash_directory(path);
  }
  TRY(const HashedFile hashed, hash_file(path, 0));
  return crypto::to_text(hashed.digest);
}

}  // namespace mayfly::cli
