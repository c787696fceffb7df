// Tactics that nest, which a C program can only get from a decision.
#include <gtest/gtest.h>

#include "client/c/handles.h"

namespace tactic {
namespace {

TEST(CApiTest, NestedValuesAreReadLevelByLevel) {
  const Tactic tactic{{"stages", Parameters{{"depth", int64_t{3}}}},
                      {"tile", ValueList{{int64_t{128}, std::string("k")}}}};
  const tactic_tactic* handle = c::ToC(&tactic);
  tactic_parameter found;
  ASSERT_EQ(tactic_tactic_find(handle, "tile", &found), TACTIC_OK);
  ASSERT_EQ(found.kind, TACTIC_LIST);
  ASSERT_EQ(tactic_list_size(found.list_value), 2u);
  const tactic_list* list = found.list_value;
  tactic_parameter item;
  ASSERT_EQ(tactic_list_at(list, 0, &item), TACTIC_OK);
  EXPECT_EQ(item.name, nullptr);
  EXPECT_EQ(item.int_value, 128);
  ASSERT_EQ(tactic_list_at(list, 1, &item), TACTIC_OK);
  EXPECT_STREQ(item.string_value, "k");
  EXPECT_EQ(tactic_list_at(list, 2, &item), TACTIC_INVALID_ARGUMENT);
  ASSERT_EQ(tactic_tactic_find(handle, "stages", &found), TACTIC_OK);
  ASSERT_EQ(found.kind, TACTIC_PARAMETERS);
  ASSERT_EQ(tactic_tactic_find(found.parameters_value, "depth", &item), TACTIC_OK);
  EXPECT_EQ(item.int_value, 3);

  // What the library gave may be given back.
  tactic_parameter given[2];
  ASSERT_EQ(tactic_tactic_at(handle, 0, &given[0]), TACTIC_OK);
  ASSERT_EQ(tactic_tactic_at(handle, 1, &given[1]), TACTIC_OK);
  const auto back = c::ToParameters("parameters", given, 2);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, tactic);
}

}  // namespace
}  // namespace tactic
