"""What surrounds the statements of a law that a user has written in C++."""

__all__ = ["KEYWORDS", "RESERVED", "TEMPLATE"]

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
        bool outside_ = false;
        Real nowhere_ = splat(0.0);
        T neither_ = constant<T>(0.0);
        const WrittenTensor<const T> strain = {{strain_, &neither_, &outside_}};
        const WrittenTensor<T> stress = {{stress_, &neither_, &outside_}};
        const WrittenState<const Real, {size}> state = {{old_, &nowhere_, &outside_}};
        const WrittenState<Real, {size}> new_state = {{updated_, &nowhere_, &outside_}};
        const double dt = step_.dt;
        Mask elastic = no_lane(), failed = no_lane();
        for (int i = 0; i < {size}; ++i) updated_[i] = old_[i];
        // What is not set is not a number.
        for (int i = 0; i < 6; ++i) stress_[i] = constant<T>(not_a_number());
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
