// SPDX-License-Identifier: GPL-2.0
/* Load and unload: every registration in order; the exit is its reverse. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <xtcp/af.h>
#include <xtcp/flow.h>
#include <xtcp/hooks.h>
#include <xtcp/net.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>

static int __init xtcp_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct xtcp_skb_cb) > sizeof_field(struct sk_buff, cb));
	BUILD_BUG_ON(offsetof(struct xtcp_sock, flow) !=
		     offsetof(struct xtcp_sock, addrs6) + sizeof(struct xtcp_addrs6));

	/* What a flood and a busy server cost; IPv6 adds its addresses. */
	BUILD_BUG_ON(sizeof_field(struct xtcp_request, lock) == 4 &&
		     sizeof(struct xtcp_request) > 128);
	BUILD_BUG_ON(sizeof(struct xtcp_time_wait) > 96);

	err = xtcp_request_cache_init();
	if (err)
		return err;
	err = xtcp_timewait_cache_init();
	if (err)
		goto err_request_cache;
	err = xtcp_flow_table_init();
	if (err)
		goto err_timewait_cache;
	err = xtcp_port_table_init();
	if (err)
		goto err_flow_table;
	err = xtcp_reserve_init();
	if (err)
		goto err_port_table;
	err = xtcp_netns_init();
	if (err)
		goto err_reserve;
	err = xtcp_proto_register();
	if (err)
		goto err_netns;
	err = xtcp_proto6_register();
	if (err)
		goto err_proto;
	/* From here on segments come in. */
	err = xtcp_ipv4_register();
	if (err)
		goto err_proto6;
	err = xtcp_ipv6_register();
	if (err)
		goto err_ipv4;
	pr_info("IP protocol %d is served\n", IPPROTO_XTCP);
	return 0;

err_ipv4:
	xtcp_ipv4_unregister();
err_proto6:
	xtcp_proto6_unregister();
err_proto:
	xtcp_proto_unregister();
err_netns:
	xtcp_netns_exit();
	rcu_barrier();
err_reserve:
	xtcp_reserve_exit();
err_port_table:
	xtcp_port_table_exit();
err_flow_table:
	xtcp_flow_table_exit();
err_timewait_cache:
	xtcp_timewait_cache_exit();
err_request_cache:
	xtcp_request_cache_exit();
	return err;
}

static void __exit xtcp_exit(void)
{
	xtcp_ipv6_unregister();
	xtcp_ipv4_unregister();
	xtcp_proto6_unregister();
	xtcp_proto_unregister();
	xtcp_netns_exit();
	/* Ports, requests and records on their way through call_rcu(). */
	rcu_barrier();
	xtcp_reserve_exit();
	xtcp_port_table_exit();
	xtcp_flow_table_exit();
	xtcp_timewait_cache_exit();
	xtcp_request_cache_exit();
}

module_init(xtcp_init);
module_exit(xtcp_exit);

MODULE_DESCRIPTION("A second TCP, under IP protocol 253");
MODULE_LICENSE("GPL");
