/* SPDX-License-Identifier: GPL-2.0 */
/* What shows and sets everything else: module/admin/. */
#ifndef _XTCP_ADMIN_H
#define _XTCP_ADMIN_H

#include <linux/types.h>

struct net;
struct xtcp_net;

int xtcp_netns_init(void);
void xtcp_netns_exit(void);

/* admin/sysctl.c */
int xtcp_sysctl_register(struct xtcp_net *xn);
void xtcp_sysctl_unregister(struct xtcp_net *xn);
/* The knob at @offset in struct xtcp_knobs has a new value. Process context. */
void xtcp_sysctl_changed(struct xtcp_net *xn, size_t offset);

/* admin/abort.c: /proc/net/xtcp_abort */
int xtcp_abort_register(struct net *net);
void xtcp_abort_unregister(struct net *net);

/* admin/proc.c */
int xtcp_proc_register(struct net *net);
void xtcp_proc_unregister(struct net *net);

#endif
