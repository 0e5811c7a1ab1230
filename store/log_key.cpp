#include "store/log_key.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <unistd.h>
#include <array>
#include <cerrno>

#include "base/file_io.hpp"
#include "base/text_encoding.hpp"
#include "base/unique_fd.hpp"
#include "crypto/random.hpp"
#include "crypto/wipe.hpp"
#include "store/connect.hpp"

namespace mayfly::store {
namespace {

namespace fs = std::filesystem;
using transparency::KeyType;
using transparency::NoteSigner;

constexpr std::size_t key_file_bytes_max = 1024;

std::string random_hex() {
  std::array<std::uint8_t, 8> bytes{};
  crypto::fill_random(bytes);
  return hex_encode(bytes);
}

void wipe_text(std::string& text) {
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

Result<void> write_new(const fs::path& file, ByteView bytes) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return fail_errno("creating " + file.string());
  CHECK_OK(write_all(fd, bytes));
  if (::fsync(fd.borrow()) != 0) return fail_errno("fsync of " + file.string());
  return {};
}

// Whole and durable under its own name, or not there: a crash leaves at most a file beside it.
Result<void> make_key_file(const fs::path& file, std::string_view name, KeyType type) {
  const std::string key_name = name.empty() ? "mayfly.invalid/" + random_hex() : std::string(name);
  TRY(std::string text, transparency::generate_private_text(key_name, type));
  text += '\n';
  CHECK_OK(make_folder(file.parent_path()));
  const fs::path beside = file.string() + ".new-" + random_hex();
  const auto written = write_new(beside, bytes_of(text));
  wipe_text(text);
  CHECK_OK(written);
  // link, not rename: the key that another process made meanwhile stays.
  const int linked = ::link(beside.c_str(), file.c_str());
  const int why = errno;
  ::unlink(beside.c_str());
  if (linked != 0 && why != EEXIST) {
    return std::unexpected(errno_error(why, "creating " + file.string()));
  }
  return sync_folder(file.parent_path().empty() ? "." : file.parent_path());
}

}  // namespace

Result<NoteSigner> open_key_file(const fs::path& file, std::string_view name, KeyType type) {
  struct stat facts{};
  if (::stat(file.c_str(), &facts) != 0) {
    if (errno != ENOENT) return fail_errno("looking at " + file.string());
    CHECK_OK(make_key_file(file, name, type));
  }
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("opening " + file.string());
  if (::fstat(fd.borrow(), &facts) != 0) return fail_errno("looking at " + file.string());
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0) {
    return fail(ErrorCode::rejected, file.string() +
                                         " holds a private key and others may reach it; run chmod "
                                         "600 on it, and make a new key if they did");
  }
  TRY(Bytes bytes, read_to_end(fd, key_file_bytes_max));
  std::string_view text = text_of(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto signer = NoteSigner::parse(text);
  crypto::wipe(bytes);
  if (!signer) return std::unexpected(std::move(signer).error().while_doing(file.string()));
  if (signer->key().type != type) {
    return fail(ErrorCode::malformed, file.string() + " holds a key of another kind");
  }
  return signer;
}

}  // namespace mayfly::store
