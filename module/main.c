// SPDX-License-Identifier: GPL-2.0
/* Load and unload: every registration in order; the exit is its reverse. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <xtcp/admin.h>
#include <xtcp/af.h>
#include <xtcp/batch.h>
#include <xtcp/flow.h>
#include <xtcp/listener.h>
#include <xtcp/offload.h>
#include <xtcp/pages.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/reserve.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/socket.h>
#include <xtcp/timewait.h>

/* Ports, requests and records are on their way through call_rcu(). */
static void exit_netns(void)
{
	xtcp_netns_exit();
	rcu_barrier();
}

/* What the module is made of, in order; it ends in the reverse. Only xtcp_init() calls init. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] __refconst = {
	{ xtcp_request_cache_init, xtcp_request_cache_exit },
	{ xtcp_timewait_cache_init, xtcp_timewait_cache_exit },
	{ xtcp_flow_table_init, xtcp_flow_table_exit },
	{ xtcp_port_table_init, xtcp_port_table_exit },
	{ xtcp_listener_table_init, xtcp_listener_table_exit },
	{ xtcp_reserve_init, xtcp_reserve_exit },
	{ xtcp_pages_init, xtcp_pages_exit },
	{ xtcp_batch_init, xtcp_batch_exit },
	{ xtcp_netns_init, exit_netns },
	{ xtcp_proto_register, xtcp_proto_unregister },
	{ xtcp_proto6_register, xtcp_proto6_unregister },
	{ xtcp_offload_register, xtcp_offload_unregister },
	/* From here on segments come in. */
	{ xtcp_ipv4_register, xtcp_ipv4_unregister },
	{ xtcp_ipv6_register, xtcp_ipv6_unregister },
};

static void exit_parts(unsigned int count)
{
	while (count--)
		parts[count].exit();
}

static int __init xtcp_init(void)
{
	unsigned int i;
	int err;

	BUILD_BUG_ON(sizeof(struct xtcp_skb_cb) > sizeof_field(struct sk_buff, cb));

	/* What a flood and a busy server cost; IPv6 adds its addresses. */
	BUILD_BUG_ON(sizeof(struct xtcp_request) > 112);
	BUILD_BUG_ON(sizeof(struct xtcp_time_wait) > 96);

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init ? parts[i].init() : 0;
		if (err) {
			exit_parts(i);
			return err;
		}
	}
	pr_info("IP protocol %d is served\n", IPPROTO_XTCP);
	return 0;
}

static void __exit xtcp_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}

module_init(xtcp_init);
module_exit(xtcp_exit);

MODULE_DESCRIPTION("A second TCP, under IP protocol 253");
MODULE_AUTHOR("The xtcp authors");
MODULE_VERSION("0.6");
MODULE_LICENSE("GPL");
