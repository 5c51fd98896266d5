constexpr const char* kName = "neondotprod";
using Isa = NeonDotprodIsa;

// Four tokens of two panels are sixteen sums, which leaves half of the 32 registers to codes and activations.
constexpr int kDirectTokens = 4;
constexpr int kPanels = 2;
constexpr int kGemmTileTokens = 4;
constexpr int kGemmTokens = 32;
constexpr int kAttendRows = 6;  // query rows that attention keeps in registers
