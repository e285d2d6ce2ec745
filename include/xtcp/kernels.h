/* SPDX-License-Identifier: GPL-2.0 */
/* The tables of the kernel's own TCP: table/kernels.c. */
#ifndef _XTCP_KERNELS_H
#define _XTCP_KERNELS_H

#include <linux/types.h>

struct xtcp_flow_key;

/**
 * xtcp_kernels_state() - has the kernel's TCP this connection?
 * @key: addresses and ports
 *
 * Any context. Return: its state (TCP_ESTABLISHED and so on), 0: there is none.
 */
int xtcp_kernels_state(const struct xtcp_flow_key *key);
/* Does it listen there, whichever of a group it would choose? RCU. */
bool xtcp_kernels_listens(const struct xtcp_flow_key *key);

#endif
