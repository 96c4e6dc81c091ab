"""What surrounds the statements of a law that a user has written in C++."""

import re

__all__ = ["KEYWORDS", "RESERVED", "TEMPLATE", "explained"]

#: The law as a type; see ``laws/law.hpp``.
TEMPLATE = """
namespace dmn {{
struct {type} {{
    static constexpr int state_size = {size};
    static constexpr int parameter_count = {count};
    static constexpr bool symmetric = {symmetric};
    static constexpr bool gives_tangent = false;
    double parameters_[{count} + 1];
    DMN_FN {type}(const double* p, double) {{
        for (int i = 0; i < {count}; ++i) parameters_[i] = p[i];
    }}
    DMN_FN bool may_stay_elastic() const {{ return {may_stay_elastic}; }}
    template <class T>
    DMN_FN Outcome respond(const T* strain_, const Real* old_, const Step& step_, T* stress_,
                           Real* updated_) const {{
        // Always with derivatives, which the compiler drops where nobody reads them.
        Dual given_[6], found_[6];
        for (int i = 0; i < 6; ++i) given_[i] = strain_[i];
        const Outcome outcome_ = respond_dual(given_, old_, step_, found_, updated_);
        for (int i = 0; i < 6; ++i) assign(stress_[i], found_[i]);
        return outcome_;
    }}

  private:
    static DMN_FN void assign(Dual& to, const Dual& from) {{ to = from; }}
    static DMN_FN void assign(Real& to, const Dual& from) {{ to = from.value; }}

    DMN_FN Outcome respond_dual(const Dual* strain_, const Real* old_, const Step& step_,
                                Dual* stress_, Real* updated_) const {{
        typedef Dual T;
        bool outside_ = false;
        Real nowhere_ = splat(0.0);
        T neither_ = 0.0;
        const WrittenTensor<const T> strain = {{strain_, &neither_, &outside_}};
        const WrittenTensor<T> stress = {{stress_, &neither_, &outside_}};
        const WrittenState<const Real, {size}> state = {{old_, &nowhere_, &outside_}};
        const WrittenState<Real, {size}> new_state = {{updated_, &nowhere_, &outside_}};
        const double dt = step_.dt;
        Mask elastic = no_lane(), failed = no_lane();
        for (int i = 0; i < {size}; ++i) updated_[i] = old_[i];
        // What is not set is not a number.
        for (int i = 0; i < 6; ++i) stress_[i] = not_a_number();
        (void)strain; (void)state; (void)new_state; (void)dt;
{parameters}
        [&]() -> void {{
#line 1 "{name}"
{source}
        }}();
#line 1 "around {name}"
        if (outside_) failed = every_lane();
        // A state that is not a number shall be seen in the stress.
        for (int i = 0; i < {size}; ++i) stress_[0] = stress_[0] + (updated_[i] - updated_[i]);
        return {{elastic, failed}};
    }}
}};
}}  // namespace dmn
"""
#: Names with a meaning in the statements.
RESERVED = {
    "strain",
    "stress",
    "state",
    "new_state",
    "dt",
    "elastic",
    "failed",
    "T",
    "Real",
    "Mask",
}
#: Words of C++17.
# fmt: off
KEYWORDS = {
    "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand", "bitor", "bool", "break",
    "case", "catch", "char", "class", "compl", "const", "const_cast", "constexpr", "continue",
    "decltype", "default", "delete", "do", "double", "dynamic_cast", "else", "enum", "explicit",
    "export", "extern", "false", "float", "for", "friend", "goto", "if", "inline", "int",
    "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator",
    "or", "or_eq", "private", "protected", "public", "register", "reinterpret_cast", "return",
    "short", "signed", "sizeof", "static", "static_cast", "struct", "switch", "template",
    "this", "throw", "true", "try", "typedef", "typeid", "typename", "union", "unsigned",
    "using", "virtual", "void", "volatile", "while", "xor", "xor_eq",
}
# fmt: on
# What a compiler complains of, and what to write instead.
_ADVICE = {
    r"Mask'.* to 'bool'": "several points are side by side: choose by select(condition, a, b)",
    r"'(const )?dmn::Dual'.* to '(dmn::Real|__vector)": "values are meant here: value(x)",
    r"'double' to 'dmn::Real'": "make it of a number by splat(0.0), or declare it as T",
}


def explained(error: str, name: str, source: str) -> str:
    """The compiler's message with the line of the source that it is of, and advice."""
    parts = [error]
    place = re.match(rf"{re.escape(name)}:(\d+)", error)
    lines = source.splitlines()
    if place and 1 <= int(place.group(1)) <= len(lines):
        parts.append(f"    {lines[int(place.group(1)) - 1].strip()}")
    parts += [f"({advice})" for pattern, advice in _ADVICE.items() if re.search(pattern, error)]
    return "\n".join(parts)
