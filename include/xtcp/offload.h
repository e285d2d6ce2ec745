/* SPDX-License-Identifier: GPL-2.0 */
/* Large segments, cut up on the way out and joined on the way in: wire/offload.c. */
#ifndef _XTCP_OFFLOAD_H
#define _XTCP_OFFLOAD_H

int xtcp_offload_register(void);
void xtcp_offload_unregister(void);

#endif
