// All that a table holds besides; included after quantized-inl.h and what an instruction set puts in its place. Each
// builds on those before it.
#include "kernels/generic/float-inl.h"
#include "kernels/generic/unpack-inl.h"
#include "kernels/generic/matmul-float-inl.h"
#include "kernels/generic/matmul-inl.h"
#include "kernels/generic/vector-inl.h"
#include "kernels/generic/attention-inl.h"
#include "kernels/generic/product-inl.h"
#include "kernels/generic/gradient-inl.h"
#include "kernels/generic/fit-inl.h"
#include "kernels/generic/probe-inl.h"
