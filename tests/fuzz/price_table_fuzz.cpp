// A price table of any bytes: reading never crashes, and what is read is priced within its bounds.
#include <algorithm>
#include <cstdlib>

#include "verifier/receipt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mayfly::verifier;
  const auto table = parse_price_table({data, size});
  if (!table) return 0;
  for (const Price& price : table->prices) {
    if (price.micro < 0 || price.micro > price_part_max) std::abort();
    if (price.per < 1 || price.per > price_part_max) std::abort();
    if (std::ranges::count(table->prices, price.unit, &Price::unit) != 1) std::abort();
  }
  for (const char c : table->currency + table->name) {
    if (c == '\n' || c == ' ') std::abort();
  }
  return 0;
}
