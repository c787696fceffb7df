#include "client/tools/expression.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace tactic::tools {
namespace {

int64_t Sized(const Shapes& shapes, int64_t input, int64_t dim) {
  const auto at = [](const auto& list, int64_t index) -> const auto& {
    const auto count = static_cast<int64_t>(list.size());
    if (index < -count || index >= count) {
      throw std::runtime_error("index " + std::to_string(index) + " of " + std::to_string(count));
    }
    return list[static_cast<size_t>(index < 0 ? index + count : index)];
  };
  return at(at(shapes, input), dim);
}

void RequireNo(bool overflow) {
  if (overflow) throw std::runtime_error("a result beyond 64 bits");
}

int64_t FloorDivided(int64_t a, int64_t b) {
  if (b == 0) throw std::runtime_error("division by 0");
  RequireNo(a == INT64_MIN && b == -1);
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

}  // namespace

// Recursive descent; `depth` bounds it.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : text_(text) {}

  Result<Expression> Parse() {
    Sum(0);
    if (error_.empty() && Peek() != '\0') Expect("the end");
    if (error_.empty()) return std::move(expression_);
    return InvalidArgument("'" + std::string(text_) + "': " + error_);
  }

 private:
  using Op = Expression::Op;

  char Peek() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }
  bool Take(std::string_view token) {
    Peek();
    if (!text_.substr(position_).starts_with(token)) return false;
    position_ += token.size();
    return true;
  }
  void Require(std::string_view token) {
    if (error_.empty() && !Take(token)) Expect("'" + std::string(token) + "'");
  }
  void Expect(const std::string& what) {
    if (error_.empty()) error_ = what + " expected at character " + std::to_string(position_ + 1);
  }
  void Emit(Op op, int64_t number = 0) { expression_.steps_.push_back({op, number}); }

  void Sum(int depth) {
    Product(depth);
    while (error_.empty()) {
      const char sign = Peek();
      if (sign != '+' && sign != '-') return;
      ++position_;
      Product(depth);
      Emit(sign == '+' ? Op::kAdd : Op::kSubtract);
    }
  }

  void Product(int depth) {
    Signed(depth);
    while (error_.empty()) {
      const bool divides = Take("//");
      if (!divides && !Take("*")) return;
      Signed(depth);
      Emit(divides ? Op::kFloorDivide : Op::kMultiply);
    }
  }

  void Signed(int depth) {
    constexpr int kDeepest = 100;
    if (depth > kDeepest) return Expect("less nesting");
    if (Take("-")) {
      Signed(depth + 1);
      return Emit(Op::kNegate);
    }
    if (Take("+")) return Signed(depth + 1);
    Atom(depth);
  }

  void Atom(int depth) {
    if (Take("(")) {
      Sum(depth + 1);
      return Require(")");
    }
    if (Take("shapes")) {
      Index(depth);
      Index(depth);
      return Emit(Op::kSize);
    }
    if (Take("min")) return Arguments(Op::kMin, depth);
    if (Take("max")) return Arguments(Op::kMax, depth);
    Number();
  }

  void Index(int depth) {
    Require("[");
    Sum(depth + 1);
    Require("]");
  }

  void Arguments(Op op, int depth) {
    Require("(");
    Sum(depth + 1);
    while (error_.empty() && Take(",")) {
      Sum(depth + 1);
      Emit(op);
    }
    Require(")");
  }

  void Number() {
    Peek();
    if (!error_.empty()) return;
    int64_t number = 0;
    const char* begin = text_.data() + position_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (error != std::errc()) return Expect("a number, '(', shapes, min or max");
    position_ += static_cast<size_t>(end - begin);
    Emit(Op::kNumber, number);
  }

  std::string_view text_;
  size_t position_ = 0;
  std::string error_;
  Expression expression_;
};

Result<Expression> Expression::Parse(std::string_view text) {
  return ExpressionParser(text).Parse();
}

int64_t Expression::Apply(Op op, int64_t a, int64_t b, const Shapes& shapes) {
  int64_t result = b;
  switch (op) {
    case Op::kNumber:
      break;
    case Op::kSize:
      return Sized(shapes, a, b);
    case Op::kAdd:
      RequireNo(__builtin_add_overflow(a, b, &result));
      break;
    case Op::kNegate:
    case Op::kSubtract:
      RequireNo(__builtin_sub_overflow(a, b, &result));
      break;
    case Op::kMultiply:
      RequireNo(__builtin_mul_overflow(a, b, &result));
      break;
    case Op::kFloorDivide:
      return FloorDivided(a, b);
    case Op::kMin:
      return std::min(a, b);
    case Op::kMax:
      return std::max(a, b);
  }
  return result;
}

int64_t Expression::Evaluate(const Shapes& shapes) const {
  std::vector<int64_t> stack;
  const auto pop = [&stack] {
    const int64_t top = stack.back();
    stack.pop_back();
    return top;
  };
  for (const auto& [op, number] : steps_) {
    const int64_t b = op == Op::kNumber ? number : pop();
    const int64_t a = op == Op::kNumber || op == Op::kNegate ? 0 : pop();
    stack.push_back(Apply(op, a, b, shapes));
  }
  return stack.back();
}

}  // namespace tactic::tools
