// What laws that a user writes are made from; see dmn_fe/evaluate/compiled_law.py.
#pragma once

#include "law.hpp"

namespace dmn {

// Named so that the compiler's message tells what is wrong.
__attribute__((error("state: an index lies beyond state_size"))) void state_index_out_of_range();

// The history of a point; a place beyond its size does not compile where the index is known.
template <class Number, int size>
struct Written {
    Number* numbers;
    DMN_FN Number& operator[](int i) const {
        if (__builtin_constant_p(i) && (i < 0 || i >= size)) state_index_out_of_range();
        return numbers[i];
    }
};

}  // namespace dmn
