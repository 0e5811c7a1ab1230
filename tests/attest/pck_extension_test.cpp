#include "attest/verify/pck_extension.hpp"

#include <gtest/gtest.h>

#include "crypto/der_writer.hpp"
#include "tests/attest/pck_extension_draft.hpp"

namespace mayfly::attest {
namespace {

TEST(PckExtension, ReadsEveryItem) {
  PckExtension draft = plain_platform();
  draft.tcb_components[15] = 200;
  draft.pce_svn = 0x1234;
  draft.sgx_type = 1;
  draft.piid.emplace().fill(0xbb);
  const auto read = parse_pck_extension(pck_extension_der(draft));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->ppid, draft.ppid);
  EXPECT_EQ(read->piid, draft.piid);
  EXPECT_EQ(read->tcb_components, draft.tcb_components);
  EXPECT_EQ(read->pce_svn, 0x1234);
  EXPECT_EQ(read->cpu_svn, draft.cpu_svn);
  EXPECT_EQ(read->fmspc, draft.fmspc);
  EXPECT_EQ(read->sgx_type, 1);
  EXPECT_FALSE(read->smt_enabled);
}

TEST(PckExtension, RefusesEveryTruncation) {
  const Bytes der = pck_extension_der(plain_platform());
  for (std::size_t length = 0; length < der.size(); ++length) {
    ASSERT_FALSE(parse_pck_extension(ByteView(der).first(length))) << length;
  }
}

TEST(PckExtension, RefusesAnItemTwiceAndAnUnknownOne) {
  const Bytes fmspc =
      crypto::der_sequence({crypto::der_object_identifier(pck_item_identifier({4})),
                            crypto::der_octet_string(std::array<std::uint8_t, 6>{})});
  const Bytes unknown =
      crypto::der_sequence({crypto::der_object_identifier(pck_item_identifier({9})),
                            crypto::der_octet_string(std::array<std::uint8_t, 6>{})});
  const Bytes der = pck_extension_der(plain_platform());
  const ByteView items = ByteView(der).subspan(4);  // a sequence of more than 255 bytes
  ASSERT_TRUE(parse_pck_extension(crypto::der_sequence({items})));
  EXPECT_FALSE(parse_pck_extension(crypto::der_sequence({items, fmspc})));
  EXPECT_FALSE(parse_pck_extension(crypto::der_sequence({items, unknown})));
  EXPECT_FALSE(parse_pck_extension(crypto::der_sequence({fmspc}))) << "no TCB, no PCE id";
}

}  // namespace
}  // namespace mayfly::attest
