constexpr const char* kName = "neoni8mm";
using Isa = NeonI8mmIsa;

// As for neondotprod, but the GEMM is twice as fast as the direct kernel, so unpacking pays sooner.
constexpr int kDirectTokens = 4;
constexpr int kPanels = 2;
constexpr int kGemmTileTokens = 4;  // two pairs
constexpr int kGemmTokens = 16;
constexpr int kAttendRows = 6;  // query rows that attention keeps in registers
