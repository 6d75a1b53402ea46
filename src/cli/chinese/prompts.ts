/** Chinese for `tslm prompt`. By the English text. */
export const promptTexts: Readonly<Record<string, string>> = {
  'put a prompt to a model with a strategy of reasoning; evaluate, compare and optimise prompts':
    '用推理策略向模型提问；评测、比较和优化提示词',
  'ask one question': '提一个问题',
  'prompt file (docs/PROMPTS.md)': '提示词文件（docs/PROMPTS.md）',
  'a field of the prompt; may be repeated': '提示词的一个字段；可重复',
  'print what the model is asked; without a model nothing is asked': '输出向模型提出的内容；未给出模型时不提问',
  'print texts on stderr as they grow': '在 stderr 上逐步输出生成的文本',
  'folder of a model or of a run; with --base-url what the server calls it':
    '模型目录或训练目录；与 --base-url 同用时为服务上的名称',
  "of any server with OpenAI's API, up to and with /v1; OPENAI_API_KEY is its key":
    '任意兼容 OpenAI API 的服务的地址，写到 /v1 为止；密钥取自 OPENAI_API_KEY',
  "keep the model's answers here: what is there already is not asked again": '把模型的回答保存在这里；已有的不再询问',
  'of the weights; auto: bf16 for decoders where tslm has products for this processor':
    '权重的数据类型；auto：tslm 在此处理器上有自己的矩阵乘法时，解码器模型用 bf16',
  "in place of the file's: self-consistency, tree-of-thoughts … (docs/PROMPTS.md)":
    '代替文件中的策略：self-consistency、tree-of-thoughts 等（docs/PROMPTS.md）',
  'of the strategy, in place of what the file says; may be repeated': '策略的选项，代替文件中的值；可重复',
  'what scores solutions: the folder of a model, or self': '给解答打分的模型：模型目录，或 self',
  'of all that is drawn': '所有随机抽样的种子',
  'most tokens that are written for a question': '每个问题最多生成的词元数',
  'measure how many answers of a prompt are right': '测量提示词的回答有多少是正确的',
  'prompt file': '提示词文件',
  'JSON, JSON Lines or CSV with the fields of the prompt and the right answers':
    '含提示词字段和正确答案的 JSON、JSON Lines 或 CSV',
  'or tasks of `tslm tasks list`: their prompts and filters, the strategy of the file':
    '或 `tslm tasks list` 中的任务：使用其提示和过滤器，策略取自文件',
  'where data lies that tasks call by a name; may be repeated': '任务按名称引用的数据所在位置；可重复',
  "in place of the tasks' own number of examples": '代替任务自己的示例数',
  "of the tasks: what finds answers (default: each task's last)":
    '任务的过滤器，用于提取答案（默认：每个任务的最后一个）',
  'only the first n rows': '只用前 n 行',
  'questions that are worked on at once': '同时处理的问题数',
  'write each row with its answer and chains here, as JSON Lines': '把每行及其答案和思维链写入此文件，JSON Lines',
  'compare prompts on the same rows: accuracy, tokens, and whether the difference is more than chance':
    '在同样的数据上比较提示词：准确率、词元数，以及差别是否超出偶然',
  'prompt files, two or more': '提示词文件，两个或更多',
  'search for better examples and instructions; the best is judged on rows that the search has not seen':
    '搜索更好的示例和指令；最好的一个在搜索未见过的数据上评判',
  'rows with right answers, to make examples of and to score candidates on':
    '含正确答案的数据，用于制作示例和给候选打分',
  'of the result, the trials, and the answers: the same command goes on with these':
    '写入结果、试验和回答的目录：同一命令可由此继续',
  'rows to judge the best on (default: a third of --data)': '用于评判最佳候选的数据（默认：--data 的三分之一）',
  'only the first n rows of --data': '只用 --data 的前 n 行',
  'what is searched for and how': '搜索的对象和方法',
  'candidates; of gepa reflections': '候选数；gepa 为反思次数',
  "most examples that are the model's own solutions": '由模型自己的解答组成的示例数，至多',
  'most examples in all': '示例总数，至多',
  'of mipro: rows that a trial is scored on': 'mipro：每次试验打分所用的行数',
  'of mipro: the model proposes instructions, too': 'mipro：由模型同时提出指令',
  'of gepa: the capable model that reads what went wrong and writes instructions':
    'gepa：能力更强的模型，阅读出错之处并写出指令',
  "of gepa: where that model is, with OpenAI's API, up to and with /v1":
    'gepa：该模型的地址，兼容 OpenAI API，写到 /v1 为止',
  'of instructions': '指令的语言',
  'most tokens of prompts and answers together': '提示与回答的词元总数，至多',
  "label a model's own solutions right or wrong: what `tslm finetune` makes a verifier of":
    '给模型自己的解答标注对错，供 `tslm finetune` 训练验证器',
  'rows {text, label}, as JSON Lines': '{text, label} 行，JSON Lines',
  'solutions of each question': '每个问题的解答数',
  'of the draws': '采样温度',
  'from each step: is any of them right? 0: whole solutions alone':
    '从每一步续写若干次：是否有正确的？0：只标注完整解答',
  'what ends a step (default: a line break)': '步骤的结束标记（默认：换行）',
  'cut chains of thought short, or make a step wrong, and count the answers that change':
    '截短思维链，或把其中一步改错，统计有多少答案随之改变',
  'prompt file whose answers have chains': '答案带思维链的提示词文件',
  "what stands between chain and answer (default: the file's `mark`)":
    '思维链与答案之间的标记（默认：文件中的 `mark`）',
  'what ends a step; "": each character is one (default: lines, else sentences, words or characters)':
    '步骤的结束标记；""：每个字符为一步（默认：按行，否则按句子、词或字符）',
  'most tokens of an answer': '答案的最大词元数',
  'write each row with its changed chains and answers here, as JSON Lines':
    '把每行及改动后的思维链和答案写入此文件，JSON Lines',
  'of which step is made wrong, and how': '选择哪一步改错、如何改错的随机种子',
};
