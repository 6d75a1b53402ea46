/** Chinese for the commands that measure: evaluate, compare, select, judge, tasks. By the English text. */
export const evaluationTexts: Readonly<Record<string, string>> = {
  'evaluate a model on a corpus (perplexity, bits per byte) or on benchmark tasks':
    '在语料（困惑度、每字节比特数）或基准任务上评测模型',
  'folder that `tslm prepare` wrote': '`tslm prepare` 写出的目录',
  'which part': '使用哪一部分',
  "window length (default: the model's context)": '窗口长度（默认：模型的上下文长度）',
  'how far the window moves on (default: half the window)': '窗口移动的步长（默认：半个窗口）',
  'windows in a forward pass': '每次前向计算的窗口数',
  'whether documents see those before them in a window (default: as the model was trained)':
    '窗口内的文档能否看到前面的文档（默认：与训练时相同）',
  'only the first n tokens of the corpus, or documents of each task (below 1: a share of them)':
    '只用语料的前 n 个词元，或每个任务的前 n 题（小于 1 时为比例）',
  'matrix products; int8: with weights in eight bits': '矩阵乘法的精度；int8：权重为八比特',
  'cpu, cuda, cuda:1 …': 'cpu、cuda、cuda:1 等',
  'tasks, groups, tags, patterns and task files, with commas between them':
    '任务、任务组、标签、模式和任务文件，以逗号分隔',
  'where data lies that tasks call by a name; *=FOLDER: a folder with one for each; may be repeated':
    '任务按名称引用的数据所在位置；*=FOLDER：一个目录，其中每个名称一份；可重复',
  'more task files; may be repeated': '更多任务文件；可重复',
  'examples before each document (default: as the task says)': '每题之前的示例数（默认：由任务决定）',
  'of the draw of examples (default: 1234)': '抽取示例的随机种子（默认：1234）',
  "in place of the tasks' own: num_beams=5,max_gen_toks=64": '代替任务自己的生成设置：num_beams=5,max_gen_toks=64',
  'from left to right or by masks (default: as the model was made)': '从左到右计分，或用掩码（默认：由模型结构决定）',
  'of a masked model: mask the token alone, or with what follows it in its word':
    '掩码模型：只遮住该词元，或连同词内其后的部分',
  "from tokens' vectors to a text's, in tasks of likeness": '文本相似度任务中，如何由词元向量得到文本向量',
  "render prompts with the tokenizer's chat template": '用分词器的聊天模板渲染提示',
  'with --apply-chat-template: examples are turns of their own': '与 --apply-chat-template 同用：示例各自成为一轮对话',
  'in front of everything': '放在最前面的系统指令',
  'samples for standard errors that have no formula (default: 1000)':
    '没有公式的标准误所用的自助抽样次数（默认：1000）',
  'write results and samples here': '把结果和样本写入此目录',
  "keep the model's answers here; what is there already is not asked again": '把模型的回答保存在这里；已有的不再询问',
  'documents with the same value of this field belong together; none: no two do (default: a passage that several share)':
    '此字段值相同的文档属于同一组；none：各自独立（默认：多题共用的段落）',
  'an n-gram model: what it scores, and its unigrams, stands beside':
    'n-gram 模型：它和其中一元模型的得分列在旁边，作为下限',
  'scores apart of documents that stand in the training corpus (default: the one that the model was trained on)':
    '出现在训练语料中的文档单独计分（默认：模型的训练语料）',
  'run programs that the model writes, where a task asks for it': '任务要求时，允许运行模型写出的程序',
  'run programs that the models write, where a task asks for it': '任务要求时，允许运行这些模型写出的程序',
  'of a server with /v1/completions; the model is then what the server calls it':
    '提供 /v1/completions 的服务的地址；此时模型为服务上的名称',
  "of a server's model: texts are cut into tokens here, as lm_eval does":
    '服务上的模型所用的分词器：文本在本地切成词元，与 lm_eval 相同',
  "that a server's model reads, with --tokenizer (default: 2048)":
    '服务上的模型的最大长度，与 --tokenizer 同用（默认：2048）',
  'compare evaluated models document by document: differences, intervals, p-values, and a sentence':
    '逐题比较已评测的模型：差值、置信区间、p 值，以及一句结论',
  'folders that `tslm evaluate --output` or lm_eval wrote, two or more':
    '`tslm evaluate --output` 或 lm_eval 写出的目录，两个或更多',
  'which, with commas between them; all (default: the first of each task)':
    '指标，以逗号分隔；all 为全部（默认：每个任务的第一个）',
  'compare what both were asked, where one was asked more': '其中一个题目更多时，只比较双方都答过的题',
  'compare although prompts differ: other examples, templates, a chat': '即使提示不同也比较：示例、模板或对话形式不同',
  'patterns of signs where there are too many to count (default: 10000)':
    '符号模式太多而无法穷举时的抽样数（默认：10000）',
  'of what is drawn (default: 1234)': '随机抽样的种子（默认：1234）',
  'choose among models: quality with intervals, speed, memory, disk, and a rule that is stated':
    '选择模型：带置信区间的质量、速度、内存、磁盘，以及明确的选择规则',
  'folders of models, runs, adapters and n-gram models, or addresses of servers':
    '模型、训练、适配器、n-gram 模型的目录，或服务的地址',
  'what they are to be good at: tasks, groups, tags and task files, with commas between them':
    '模型应当擅长什么：任务、任务组、标签和任务文件，以逗号分隔',
  'that decides (default: the first of each task)': '起决定作用的指标（默认：每个任务的第一个）',
  'the first <n> documents of each task (below 1: a fraction of them)': '每个任务的前 <n> 题（小于 1 时为比例）',
  'documents with the same value of this field belong together; none: no two do':
    '此字段值相同的文档属于同一组；none：各自独立',
  'none that needs more: 2GB': '内存需求不超过：2GB',
  'none whose files are larger: 500MB': '文件大小不超过：500MB',
  'none that is slower, one text at a time': '单条文本生成速度不低于',
  'none that waits longer before its first token': '首个词元的等待时间不长于',
  'how much doubling a cost counts (default: time=1,memory=1,disk=0,first-token=0)':
    '各项开销翻倍时的权重（默认：time=1,memory=1,disk=0,first-token=0）',
  'of the documents, left out of the choice: the chosen one is measured on them':
    '留作最终测量、不参与选择的文档比例：选出的模型在其上测量',
  'to write when speed is measured': '测量速度时生成的词元数',
  'of the weights': '权重的精度',
  'for selection.json, report.html and the answers, which are not asked again':
    '写入 selection.json、report.html 和回答的目录；已有的回答不再询问',
  'compare answers in pairs with a model as the judge, in both orders: win rates and Bradley-Terry strengths':
    '用模型作裁判成对比较回答，两种先后顺序都评：胜率与 Bradley–Terry 强度',
  'two or more: files of JSON lines with prompt and answer, or models that answer --prompts; NAME=… names one':
    '两个或更多：含 prompt 和 answer 的 JSON Lines 文件，或回答 --prompts 的模型；NAME=… 可命名',
  'folder of a model, or address of a server (http://HOST/v1)': '模型目录，或服务的地址（http://HOST/v1）',
  'JSON lines with prompt, for models': '供模型回答的提示，JSON Lines',
  'by how probable A and B are as the next word, or by what it writes (default: text for servers)':
    '比较 A、B 作为下一个词的概率，或读取裁判写出的内容（默认：服务用文本）',
  'what makes an answer better': '怎样的回答更好',
  'render prompts with the chat templates of models and judge': '用模型和裁判各自的聊天模板渲染提示',
  "of a server's model: for its chat template, and for --by likelihood":
    '服务上的模型所用的分词器：用于聊天模板和 --by likelihood',
  'that an answer or a reasoned verdict may have': '回答或带理由的裁决的最大词元数',
  'only the first <n> prompts': '只用前 <n> 条提示',
  'of the bootstrap': '自助抽样的种子',
  'for judge.json, judgements.jsonl and what was answered, which is not asked again':
    '写入 judge.json、judgements.jsonl 和回答的目录；已有的不再询问',
  'the tasks of `tslm evaluate`: list them, show one, check task files':
    '`tslm evaluate` 的任务：列出、显示、检查任务文件',
  'tasks, groups and tags by name': '按名称列出任务、任务组和标签',
  'what a task says, with what it includes; its first prompts': '显示任务的内容（包括它引入的），以及最初几条提示',
  'a task, a group, a tag or a task file': '任务、任务组、标签或任务文件',
  'show what a model is asked about the first n documents': '显示前 n 题向模型提出的内容',
  'print it as JSON': '以 JSON 输出',
  'check task files; with their data, every prompt, too': '检查任务文件；有数据时也检查每条提示',
  'tasks, groups, tags, patterns or task files': '任务、任务组、标签、模式或任务文件',
  'print what was found as JSON': '以 JSON 输出检查结果',
};
