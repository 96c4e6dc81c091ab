"""The compiled core: C++ headers of ``kernels/``, built on first use and called on many points."""
