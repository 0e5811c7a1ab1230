#include "intake/dataset.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "crypto/content_hash.hpp"

namespace mayfly::intake {

Dataset Dataset::of_file(SealedFile file) {
  Dataset dataset;
  dataset.hash_ = file.digest();
  dataset.disclosure_key_ = file.disclosure_key_;
  dataset.files_.push_back(std::move(file));
  return dataset;
}

Result<Dataset> Dataset::of_directory(std::vector<SealedFile> files) {
  std::ranges::sort(files, {}, &SealedFile::name);
  std::vector<crypto::ContentEntry> entries;
  entries.reserve(files.size());
  crypto::Sha256Hasher keys;
  for (const SealedFile& file : files) {
    entries.push_back(
        {.name = file.name(), .size_bytes = file.size_bytes(), .digest = file.digest()});
    keys.update(file.disclosure_key_.view());
  }
  Dataset dataset;
  dataset.is_directory_ = true;
  TRY(dataset.hash_, crypto::content_hash(crypto::dataset_directory_label, std::move(entries)));
  dataset.disclosure_key_ = std::move(keys).finish();
  dataset.files_ = std::move(files);
  return dataset;
}

std::uint64_t Dataset::size_bytes() const {
  return std::accumulate(
      files_.begin(), files_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const SealedFile& file) { return sum + file.size_bytes(); });
}

Result<WipeReport> Dataset::wipe() && {
  std::vector<Erasure> erasures;
  erasures.reserve(files_.size());
  for (SealedFile& file : files_) erasures.push_back(file.memory_.erase());
  files_.clear();
  return look_after(erasures);
}

}  // namespace mayfly::intake
