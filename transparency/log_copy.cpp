#include "transparency/log_copy.hpp"

#include <algorithm>

#include "transparency/tile.hpp"

namespace mayfly::transparency {
namespace {

Result<void> take_entry(LogCopy& copy, const Bytes& bytes) {
  const std::uint64_t place = copy.tree.size();
  const Sha256 leaf = leaf_hash(bytes);
  copy.tree.append(leaf);
  auto entry = parse_log_entry(bytes);
  if (!entry) {
    ++copy.foreign;
    return {};
  }
  if (auto added = copy.index.add(place, *entry, leaf); !added) {
    return std::unexpected(
        std::move(added).error().while_doing("entry " + std::to_string(place) + " of the log"));
  }
  copy.entries.push_back(std::move(*entry));
  copy.places.push_back(place);
  return {};
}

// A tile must say what the entries say: a reader who takes the one sees what the other counts.
Result<void> check_tile(const LogCopy& copy, const TileName& name, ByteView bytes) {
  if (std::ranges::equal(bytes, tile_bytes(copy.tree, name))) return {};
  return fail(ErrorCode::rejected,
              tile_path(name) + " does not hold the hashes of the log's own entries");
}

}  // namespace

Result<LogCopy> read_log(const Fetch& fetch) {
  LogCopy copy;
  TRY(const Bytes note, fetch("checkpoint"));
  TRY(copy.newest, parse_signed_checkpoint(note));
  const std::uint64_t size = copy.newest.checkpoint.size;
  if (size > log_copy_entries_max) {
    return fail(ErrorCode::limit, "the log has " + std::to_string(size) + " entries, at most " +
                                      std::to_string(log_copy_entries_max) +
                                      " are counted (log_copy_entries_max)");
  }
  const std::vector<TileName> names = tiles_of(size);
  for (const TileName& name : names) {
    if (name.level) continue;
    TRY(const Bytes bytes, fetch(tile_path(name)));
    TRY(const auto entries, parse_entry_bundle(bytes, name.width));
    for (const Bytes& entry : entries) CHECK_OK(take_entry(copy, entry));
  }
  if (copy.tree.root() != copy.newest.checkpoint.root) {
    return fail(ErrorCode::rejected, "the log's entries do not lead to its checkpoint");
  }
  for (const TileName& name : names) {
    if (!name.level) continue;
    TRY(const Bytes bytes, fetch(tile_path(name)));
    CHECK_OK(check_tile(copy, name, bytes));
  }
  return copy;
}

std::optional<AttemptCounts> counts_at(const LogCopy& copy, std::uint64_t size,
                                       std::string_view run_id) {
  AttemptIndex index;
  for (std::size_t i = 0; i < copy.entries.size() && copy.places[i] < size; ++i) {
    if (!index.add(copy.places[i], copy.entries[i])) return std::nullopt;  // was added once before
  }
  return index.counts(run_id);
}

}  // namespace mayfly::transparency
