// q2a.
enum { OFFSET = 0, MINIMUM = 1 };
//#include "lib/panel_bits2.h"
