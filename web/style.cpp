#include "web/page.hpp"

namespace mayfly::web {
namespace {

constexpr std::string_view css = R"css(:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; border-bottom: 1px solid; }
dl { display: grid; grid-template-columns: minmax(9rem, auto) 1fr; gap: .3rem 1rem; margin: 0; }
dt { opacity: .7; }
dd { margin: 0; font-family: ui-monospace, monospace; font-size: .9rem;
     overflow-wrap: anywhere; white-space: pre-wrap; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
)css";

}  // namespace

std::string_view style_sheet() {
  return css;
}

}  // namespace mayfly::web
