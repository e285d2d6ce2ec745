/* SPDX-License-Identifier: GPL-2.0 */
/* What is given up when memory is short: engine/relief.c. */
#ifndef _XTCP_RELIEF_H
#define _XTCP_RELIEF_H

struct sock;

/* Since when memory is short, jiffies; 0: it is not. */
extern unsigned long xtcp_relief_pressure;
/* struct proto's own: soon all sockets give up what they can do without. Any context. */
void xtcp_relief_enter(struct sock *sk);
void xtcp_relief_leave(struct sock *sk);
/* No more of that. */
void xtcp_relief_exit(void);

#endif
