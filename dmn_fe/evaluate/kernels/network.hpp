// The geometry of a network as plain arrays.
#pragma once

#include "laminate.hpp"

namespace dmn {

struct Leaf {
    int phase;
    int state;       // where its history begins among that of the point
    int turn;        // number of its turn, or −1
    double share;    // of all weights
};

// The nodes stand in an order in which every laminate follows its two sub-trees: read forwards a
// stack holds what is not yet mixed, read backwards the first node is the root.
struct Network {
    int leaf_count;
    int depth;                       // laminates between the root and the deepest leaf
    int state_size;                  // history of all leaves of a point
    const int* nodes;                // [2 leaves − 1]: leaf number, or ~number of a laminate
    const Leaf* leaves;
    const Interface* interfaces;     // [leaves − 1]
    const double* turns;             // [., 6, 6] of leaves with material axes of their own
    const double* elastic_jumps;     // [leaves − 1, 3, 6]: jumps of the virgin network at unit strain
    const double* elastic_tangent;   // [6, 6]
};

}  // namespace dmn
