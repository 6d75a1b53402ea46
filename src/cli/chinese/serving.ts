/** Chinese for `tslm serve` and `tslm keys`. By the English text. */
export const servingTexts: Readonly<Record<string, string>> = {
  "serve models over HTTP, for clients of OpenAI's API": '通过 HTTP 提供模型服务，兼容 OpenAI API 的客户端',
  'folders of models or of runs': '模型目录或训练目录',
  'port; 0: any free one': '端口；0：任意空闲端口',
  'address to listen on; 0.0.0.0: all interfaces': '监听地址；0.0.0.0：所有网络接口',
  "name of a model in requests, in the models' order (default: its folder's)":
    '模型在请求中的名称，按模型的顺序（默认：目录名）',
  'adapter of the first model: its folder, or that of a run; may be repeated':
    '第一个模型的适配器：其目录，或训练目录；可重复',
  'of the KV cache (default: a quarter of free memory)': 'KV 缓存的内存（默认：空闲内存的四分之一）',
  'length of the queue (default: 256)': '队列长度（默认：256）',
  'sequences decoded together (default: 32)': '同时解码的序列数（默认：32）',
  "longest context, prompt and answer together (default: the model's)":
    '最大上下文，包括提示和回答（默认：由模型决定）',
  'JSON Schemas allow only the properties that they mention': 'JSON Schema 只允许其中写明的属性',
  'require API keys from this file; `tslm keys add` makes them': '要求使用此文件中的 API 密钥；由 `tslm keys add` 创建',
  'allowed origin (CORS), such as https://example.com; may be repeated':
    '允许的来源（CORS），例如 https://example.com；可重复',
  'additional Host header to accept; may be repeated': '额外接受的 Host 请求头；可重复',
  "another server with OpenAI's API, to which requests for its models are forwarded; may be repeated":
    '另一个兼容 OpenAI API 的服务，对其模型的请求会转发过去；可重复',
  'environment variable with its key, in the same order': '存放其密钥的环境变量，顺序相同',
  'timeout of a request': '请求的超时时间',
  'for streams to finish on shutdown': '关闭时等待流式回答结束的时间',
  'largest request body': '请求体的最大长度',
  'runs that the studio shows (default: runs); may be repeated': '网页显示的训练目录（默认：runs）；可重复',
  'evaluations, sweeps and selections that the studio shows (default: results, sweeps, selection); may be repeated':
    '网页显示的评测、超参数搜索和模型选择（默认：results、sweeps、selection）；可重复',
  'keep answers that requests allow it for, take judgements, and follow what `tslm learn` makes of them':
    '保存请求允许保存的回答，接收评价，并采用 `tslm learn` 学到的版本',
  'with --learn: learn whenever there are n new judgements, in a process that the answers go before':
    '与 --learn 同用：每有 n 条新评价就学习一次，在优先级低于回答的进程中进行',
  'with --learn-after, what has passed: everybody gets it, a few people first, nobody while it answers beside what is shown, or nothing (default: promote)':
    '与 --learn-after 同用，通过检验的版本：promote 所有人使用，canary 先给少数人，shadow 只在影子模式中回答，nothing 不作改变（默认：promote）',
  'with --learn-after: rows of what the model was trained on (default: what its run.json names); may be repeated':
    '与 --learn-after 同用：模型原先的训练数据（默认：其 run.json 所列）；可重复',
  'no web page': '不提供网页',
  'commands that the web page starts and that run at a time; only on this machine, with an admin key where there are keys; 0: it starts none':
    '网页启动的任务同时运行的数量；只限本机，启用密钥时还须管理员密钥；0：不启动任务',
  'of the log on stderr': 'stderr 上日志的级别',
  'log prompts as well': '日志中也记录提示',
  'print address and models as JSON once they are ready': '就绪后以 JSON 输出地址和模型',
  'API keys of `tslm serve`': '`tslm serve` 的 API 密钥',
  'create a key and print it, once': '创建密钥，并输出一次',
  'file of keys, made where there is none': '密钥文件，没有则新建',
  'whose key it is': '密钥属于谁',
  'may load and unload models': '允许加载和卸载模型',
  'limit of requests': '请求数的限制',
  'limit of tokens, read and written': '词元数的限制，包括输入和输出',
  'limit of concurrent requests': '并发请求数的限制',
  'print the key as JSON': '以 JSON 输出密钥',
  'whose keys there are': '列出密钥的持有者',
  'file of keys': '密钥文件',
  'print names and limits as JSON': '以 JSON 输出名称和限制',
  'revoke a key; a running server refuses it within a second': '撤销密钥；运行中的服务一秒内即拒绝它',
  'print the removed keys as JSON': '以 JSON 输出被删除的密钥',
};
