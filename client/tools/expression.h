// Integer expressions over shapes, as recorded constraints have them:
//   ((shapes[0][0]+127)//128)*128      max(shapes[1][2],16)      -shapes[0][-1]
// with + - * // (rounding down), unary + and -, parentheses, min and max of one or more arguments.
// An index below 0 counts from the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tactic/model/result.h"
#include "tactic/op_spec.h"

namespace tactic::tools {

// A parsed expression. A value; evaluation is thread-safe.
class Expression {
 public:
  // An Error says what was expected, where.
  static Result<Expression> Parse(std::string_view text);

  // Throws std::runtime_error: no such size, division by 0, a result beyond 64 bits.
  int64_t Evaluate(const Shapes& shapes) const;

 private:
  friend class ExpressionParser;
  enum class Op { kNumber, kSize, kNegate, kAdd, kSubtract, kMultiply, kFloorDivide, kMin, kMax };
  struct Step {
    Op op;
    int64_t number = 0;  // kNumber.
  };
  // `a` is 0 for kNegate.
  static int64_t Apply(Op op, int64_t a, int64_t b, const Shapes& shapes);

  std::vector<Step> steps_;  // In postfix order: each takes its arguments from a stack.
};

}  // namespace tactic::tools
