#include "client/interop/python_literal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace tactic::interop {
namespace {

using testing::ErrorIs;
using ::testing::HasSubstr;
using testing::IsOk;

PyValue Int(int64_t v) { return {v}; }
PyValue Text(const char* v) { return {std::string(v)}; }
PyValue Tuple(std::vector<PyValue> items) { return {PyTuple{std::move(items)}}; }
PyValue List(std::vector<PyValue> items) { return {PyList{std::move(items)}}; }

PyValue Parse(std::string_view text) {
  auto value = ParsePythonLiteral(text);
  EXPECT_THAT(value, IsOk()) << text;
  return value.ok() ? *std::move(value) : PyValue{};
}

TEST(PythonLiteral, ReadsPlainValues) {
  EXPECT_EQ(Parse("None"), PyValue{PyNone()});
  EXPECT_EQ(Parse("True"), PyValue{true});
  EXPECT_EQ(Parse("False"), PyValue{false});
  EXPECT_EQ(Parse("0"), Int(0));
  EXPECT_EQ(Parse(" -1 "), Int(-1));
  EXPECT_EQ(Parse("+7"), Int(7));
  EXPECT_EQ(Parse("-9223372036854775808"), Int(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(Parse("1.5"), PyValue{1.5});
  EXPECT_EQ(Parse("-2e-3"), PyValue{-2e-3});
  EXPECT_EQ(Parse("1E+2"), PyValue{100.0});
  EXPECT_EQ(Parse(".5"), PyValue{0.5});
}

TEST(PythonLiteral, ReadsStringsInEitherQuotesWithEscapes) {
  EXPECT_EQ(Parse("'a b'"), Text("a b"));
  EXPECT_EQ(Parse("\"('torch.bfloat16', 128)\""), Text("('torch.bfloat16', 128)"));
  EXPECT_EQ(Parse(R"('it\'s \\ \n\t\r \x41\u00e9\U0001f600')"),
            Text("it's \\ \n\t\r A\xc3\xa9\xf0\x9f\x98\x80"));
  EXPECT_EQ(Parse("''"), Text(""));
  EXPECT_EQ(Parse("'\xc3\xa9'"), Text("\xc3\xa9"));
}

TEST(PythonLiteral, ReadsNestedContainers) {
  EXPECT_EQ(Parse("()"), Tuple({}));
  EXPECT_EQ(Parse("(1,)"), Tuple({Int(1)}));
  EXPECT_EQ(Parse("(1)"), Int(1));  // Brackets only.
  EXPECT_EQ(Parse("( 1 , 2, )"), Tuple({Int(1), Int(2)}));
  EXPECT_EQ(Parse("[]"), List({}));
  EXPECT_EQ(Parse("[1, [2, (3,)],]"), List({Int(1), List({Int(2), Tuple({Int(3)})})}));
  EXPECT_EQ(Parse("((-1, 64), (0,))"), Tuple({Tuple({Int(-1), Int(64)}), Tuple({Int(0)})}));
  EXPECT_EQ(Parse("{}"), PyValue{PyDict{}});
  EXPECT_EQ(
      Parse("{'a': 1, (1, 2): [True]}"),
      (PyValue{PyDict{{{Text("a"), Int(1)}, {Tuple({Int(1), Int(2)}), List({PyValue{true}})}}}}));
}

TEST(PythonLiteral, TypesCount) {
  EXPECT_FALSE(Int(1) == PyValue{true});
  EXPECT_FALSE(Int(1) == PyValue{1.0});
  EXPECT_FALSE(Tuple({Int(1)}) == List({Int(1)}));
  EXPECT_FALSE(Tuple({Int(1)}) == Tuple({Int(1), Int(2)}));
}

TEST(PythonLiteral, WhatItWritesParsesBackEqual) {
  for (const char* text :
       {"None", "True", "-1", "1.5", "2.0", "1e+300", "'a'", "\"it's\"", "'\"it\\'s\"'", "()",
        "(1,)", "(1, 2)", "[1, (2,), {'a': None}]", "{1: 2.5, 'b': ()}", "'\\x00\\x7f\\n'"}) {
    const PyValue value = Parse(text);
    EXPECT_EQ(ToPythonLiteral(value), text);
    EXPECT_EQ(Parse(ToPythonLiteral(value)), value);
  }
}

TEST(PythonLiteral, RefusesWhatIsNone) {
  for (const char* text : {"",
                           " ",
                           "(",
                           ")",
                           "(1",
                           "(1 2)",
                           "[1, 2",
                           "{1}",
                           "{1: }",
                           "{1 2}",
                           "(,)",
                           "[,]",
                           "1 2",
                           "'a",
                           "'a\nb'",
                           "'\\",
                           "'\\x4'",
                           "'\\q'",
                           "'\\ud800'",
                           "nan",
                           "inf",
                           "-inf",
                           "1e999",
                           "9223372036854775808",
                           "0x10",
                           "1_000",
                           "1j",
                           "-",
                           "+",
                           ".",
                           "--1",
                           "abc",
                           "Nonesuch",
                           "f(1)",
                           "b'a'",
                           "1 if True else 2",
                           "<object at 0x7f>",
                           "{1: 2 3: 4}"}) {
    EXPECT_THAT(ParsePythonLiteral(text),
                ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("at byte")))
        << text;
  }
}

TEST(PythonLiteral, DepthAndLengthAreLimited) {
  const std::string deep = std::string(1000, '(') + std::string(1000, ')');
  EXPECT_THAT(ParsePythonLiteral(deep), ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("nesting")));
  EXPECT_THAT(ParsePythonLiteral(std::string(2 << 20, '1')),
              ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("at most")));
}

TEST(PythonLiteral, EmbeddedNulIsNoEnd) {
  EXPECT_THAT(ParsePythonLiteral(std::string_view("1\0", 2)),
              ErrorIs(ErrorCode::kInvalidArgument, HasSubstr("at byte 1")));
}

}  // namespace
}  // namespace tactic::interop
